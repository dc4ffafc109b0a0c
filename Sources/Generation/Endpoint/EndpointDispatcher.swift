import Foundation
import HTTP
import Support
import Synchronization

/// Asks an endpoint questions, several at once: with retries, within its budget, each answer in the journal before it is passed on.
///
/// All decisions are made on the thread that calls `run`; requests are sent and received by the session. A signal, an error and the
/// end of the budget stop new requests; those in flight, which are paid for, are waited for and kept.
final class EndpointDispatcher {
    /// A question to an endpoint.
    struct Question {
        /// The caller's number for it.
        let number: Int
        let key: Fingerprint
        let place: JournalLine.Place
        let request: CompletionRequest
    }

    /// What a run has done beyond its journal.
    struct Counts: Equatable {
        /// Answers received.
        var answers = 0
        /// Questions that will not be answered.
        var refused = 0
        /// Requests sent again.
        var retries = 0
        /// Tokens of the answers received.
        var tokens = 0
        /// The first reasons of refusals.
        var reasons: [String] = []
    }

    /// A question that is asked, or asked again.
    private struct Pending {
        let question: Question
        var attempts = 0
        /// Answers that the run had when the question failed first.
        var answersBefore: Int?
        var due = ContinuousClock.now
        var lastFailure: PassingFailure?
    }

    /// A request in flight.
    private struct Flight {
        var pending: Pending
        let request: Int
        let exchange: HTTPExchange
        let deadline: ContinuousClock.Instant
    }

    /// Why no new requests are sent.
    private enum Stop {
        case error(any Error)
        case budget(BudgetBound)
    }

    private let endpoint: Endpoint
    private let client: EndpointClient
    private let journal: AnswerJournal
    /// Sent before the others; nil where it is known that there are answers.
    private let probe: CompletionRequest?
    private let note: (String) -> Void
    private let inbox = Inbox()
    private var random: RandomStream

    private var flights: [Int: Flight] = [:]
    /// Questions that wait for their next attempt.
    private var waiting: [Pending] = []
    /// A question that was taken and could not be sent yet.
    private var held: Pending?
    private var isProbed = false
    /// Before then no request is sent: the server asks to wait.
    private var pausedUntil = ContinuousClock.now
    private var lastAnswer = ContinuousClock.now
    private var lastNote: ContinuousClock.Instant?
    private var refusedInARow: [Fingerprint] = []
    private var stop: Stop?
    private(set) var counts = Counts()
    /// Whether the answer that is passed on is one of an earlier run.
    private(set) var isReplaying = false

    /// The number of the first request, which looks whether there is an answer at all.
    private static let probeNumber = -1
    /// Tokens of a first answer, its end and what begins a turn included.
    private static let mostProbeTokens = 8
    /// How often the first request is sent again.
    private static let probeRetries = 4
    /// Seconds between two messages about failures.
    private static let noteInterval = 30.0
    /// How often signals and deadlines are looked at, in seconds.
    private static let interval = 0.1

    /// - Parameters:
    ///   - probe: a request of one token, with the options of the others; nil for none
    ///   - seed: of the waits between retries
    ///   - note: called with messages for the user
    init(
        _ client: EndpointClient, journal: AnswerJournal, probe: CompletionRequest?, seed: UInt64,
        note: @escaping (String) -> Void
    ) {
        (self.client, self.journal, self.probe, self.note) = (client, journal, probe, note)
        endpoint = client.endpoint
        isProbed = probe == nil
        random = RandomStream(seed: seed, purpose: "retries", index: UInt64(journal.spending.requests))
    }

    /// The number of requests in flight.
    var inFlight: Int { flights.count }

    /// Asks all questions.
    ///
    /// - Parameters:
    ///   - next: the next question; nil where there is none until another is answered
    ///   - onEvent: called after each answer and refusal, with the question's number; nil for one that will not be answered
    ///   - isEnough: whether no more questions need to be asked
    ///   - onTick: called several times a second
    /// - Returns: the bound of the budget that ended the run; nil when all questions were asked
    /// - Throws: `UserError` that ends the run, `Interrupted`, and what the closures throw
    func run(
        next: () throws -> Question?, onEvent: (Question, CompletionAnswer?) throws -> Void,
        isEnough: () -> Bool, onTick: () -> Void
    ) throws -> BudgetBound? {
        lastAnswer = .now
        while true {
            do {
                if stop == nil, !isEnough() { try start(next, onEvent) }
            } catch {
                end(with: error)
            }
            let isOver = stop != nil || isEnough() || (waiting.isEmpty && held == nil)
            if flights.isEmpty, isOver { break }
            if let (number, outcome) = inbox.take(within: waitingTime) {
                do { try receive(number, outcome, onEvent) } catch { end(with: error) }
            }
            cancelLate()
            if Interruption.isRequested { end(with: Interrupted()) }
            onTick()
        }
        switch stop {
        case .error(let error): throw error
        case .budget(let bound): return bound
        case nil: return nil
        }
    }

    /// Sends no more requests; those in flight are waited for.
    private func end(with error: any Error) {
        if case .error? = stop { return }
        stop = .error(error)
        guard !flights.isEmpty else { return }
        let ending = error is Interrupted ? "; a second signal abandons them" : ""
        note("waiting for \(flights.count) answers in flight, which are kept\(ending)")
    }

    /// Seconds until there may be something to do.
    private var waitingTime: Double {
        // A question that is held waits for what is in flight, if anything is.
        let others = flights.isEmpty ? held.map { [$0.due] } ?? [] : []
        guard stop == nil, flights.count < endpoint.concurrency,
            let due = (waiting.map(\.due) + others).min()
        else { return Self.interval }
        let seconds = (max(due, pausedUntil) - .now) / .seconds(1)
        return min(Self.interval, max(0.001, seconds))
    }

    // MARK: Sending

    private func start(
        _ next: () throws -> Question?, _ onEvent: (Question, CompletionAnswer?) throws -> Void
    ) throws {
        while flights.count < endpoint.concurrency, ContinuousClock.now >= pausedUntil, stop == nil {
            guard let pending = try nextPending(next, onEvent) else { return }
            guard isProbed || pending.question.number == Self.probeNumber else {
                held = pending
                // Until the first request is answered, it is the only one.
                guard flights.isEmpty, !waiting.contains(where: { $0.question.number == Self.probeNumber })
                else { return }
                guard let probe, try send(Pending(question: question(probe))) else { return }
                continue
            }
            guard try send(pending) else { return }
        }
    }

    private func question(_ probe: CompletionRequest) -> Question {
        Question(
            number: Self.probeNumber, key: probe.key(seed: 0, endpoint: endpoint), place: .init(),
            request: probe)
    }

    /// The next question to send: those that wait for another attempt come first.
    private func nextPending(
        _ next: () throws -> Question?, _ onEvent: (Question, CompletionAnswer?) throws -> Void
    ) throws -> Pending? {
        let now = ContinuousClock.now
        if let index = waiting.firstIndex(where: { $0.due <= now }) { return waiting.remove(at: index) }
        if let pending = held.take() { return pending }
        defer { isReplaying = false }
        while let question = try next() {
            isReplaying = true
            switch try journal.known(question.key) {
            case nil: return Pending(question: question)
            case .answer(let answer)?: try onEvent(question, answer)
            case .refused(let reason)?:
                countRefusal(reason)
                try onEvent(question, nil)
            }
            try Interruption.check()
        }
        return nil
    }

    /// - Returns: false when the budget has no room for the request now
    private func send(_ pending: Pending) throws -> Bool {
        let question = pending.question
        let reserved = question.request.reserved
        if let bound = journal.spending.exceeded(by: reserved, endpoint) {
            if question.number != Self.probeNumber { held = pending }
            // What is in flight may take less than is reserved for it.
            if flights.isEmpty { stop = .budget(bound) }
            return false
        }
        let number = try journal.send(question.key, question.place, reserved)
        if pending.attempts > 0 { counts.retries += 1 }
        let exchange = client.begin(question.request) { [inbox] in inbox.put(number, $0) }
        flights[number] = Flight(
            pending: pending, request: number, exchange: exchange,
            deadline: .now + .seconds(endpoint.timeout))
        return true
    }

    /// Ends requests whose answers are not there in time.
    private func cancelLate() {
        let now = ContinuousClock.now
        for flight in flights.values where flight.deadline <= now { flight.exchange.cancel(.timedOut) }
    }

    // MARK: Receiving

    private func receive(
        _ number: Int, _ outcome: CompletionOutcome, _ onEvent: (Question, CompletionAnswer?) throws -> Void
    ) throws {
        guard let flight = flights.removeValue(forKey: number) else { return }
        let question = flight.pending.question
        let reserved = question.request.reserved
        if question.number == Self.probeNumber { return try receiveProbe(flight, outcome) }
        switch outcome {
        case .answer(let answer):
            try journal.answer(number, question.key, reserved, answer)
            counts.answers += 1
            counts.tokens += answer.usage.output
            lastAnswer = .now
            refusedInARow = []
            try onEvent(question, answer)
        case .refused(let reason, let usage), .empty(let reason, let usage):
            lastAnswer = .now
            try journal.refuse(number, question.key, reserved, reason: reason, usage: usage)
            try refuse(question, reason, onEvent)
        case .passing(let failure):
            try journal.miss(
                number, question.key, reserved, reason: failure.reason, mayBeCharged: failure.mayBeCharged)
            try retry(flight.pending, failure, onEvent)
        case .fatal(let error):
            try journal.miss(number, question.key, reserved, reason: error.problem, mayBeCharged: false)
            throw error
        }
    }

    private func receiveProbe(_ flight: Flight, _ outcome: CompletionOutcome) throws {
        let question = flight.pending.question
        let (number, key, probe) = (flight.request, question.key, question.request)
        switch outcome {
        case .answer(let answer):
            try journal.probe(number, key, probe.reserved, usage: answer.usage)
            didProbe(answer.usage)
        case .empty(_, let usage):
            try journal.probe(number, key, probe.reserved, usage: usage)
            didProbe(usage)
        case .refused(let reason, let usage):
            try journal.probe(number, key, probe.reserved, usage: usage)
            throw client.reader.failure.probe(reason)
        case .passing(let failure):
            try journal.miss(
                number, key, probe.reserved, reason: failure.reason, mayBeCharged: failure.mayBeCharged)
            // Nothing was ever answered: the address is more likely wrong than the server away for long.
            if flight.pending.attempts >= min(endpoint.retry.retries, Self.probeRetries) {
                throw failure.kind == .faulty
                    ? client.reader.failure.notAnAPI(failure.reason)
                    : client.reader.failure.absent(failure.reason)
            }
            try retry(flight.pending, failure) { _, _ in }
        case .fatal(let error):
            try journal.miss(number, key, probe.reserved, reason: error.problem, mayBeCharged: false)
            guard error.status == .configuration else { throw error }
            throw client.reader.failure.unknown(error, models: client.models())
        }
    }

    private func didProbe(_ usage: TokenUsage) {
        isProbed = true
        lastAnswer = .now
        if usage.isEstimated {
            note("\(endpoint.address.host) says no usage: tokens are estimated from the text")
        } else if usage.output > Self.mostProbeTokens {
            note(
                "\(endpoint.address.host) gave \(usage.output) tokens where 1 was the most: it does not know "
                    + "\(endpoint.tokenLimit.rawValue), so that answers and costs may exceed their bounds")
        }
    }

    // MARK: Failures

    private func countRefusal(_ reason: String) {
        counts.refused += 1
        if counts.reasons.count < 3, !counts.reasons.contains(reason) { counts.reasons.append(reason) }
    }

    private func refuse(
        _ question: Question, _ reason: String, _ onEvent: (Question, CompletionAnswer?) throws -> Void
    ) throws {
        refusedInARow.append(question.key)
        if refusedInARow.count >= endpoint.retry.mostFailuresInARow {
            try journal.withdraw(refusedInARow)
            throw client.reader.failure.failing(refusedInARow.count, reason)
        }
        countRefusal(reason)
        try onEvent(question, nil)
    }

    /// Has a question asked again later, or gives it up.
    private func retry(
        _ pending: Pending, _ failure: PassingFailure,
        _ onEvent: (Question, CompletionAnswer?) throws -> Void
    ) throws {
        var pending = pending
        pending.attempts += 1
        pending.lastFailure = failure
        pending.answersBefore = pending.answersBefore ?? counts.answers
        let isProbe = pending.question.number == Self.probeNumber
        if pending.attempts > endpoint.retry.retries, !isProbe,
            failure.kind == .faulty || counts.answers > pending.answersBefore!
        {
            let reason = "\(pending.attempts) requests failed, the last with: \(failure.reason)"
            try journal.giveUp(pending.question.key, reason: reason)
            return try refuse(pending.question, reason, onEvent)
        }
        let silence = (ContinuousClock.now - lastAnswer) / .seconds(1)
        if silence > endpoint.retry.patience {
            throw client.reader.failure.gone(silence, failure.reason)
        }
        if let asked = failure.delay, asked > endpoint.retry.patience {
            throw client.reader.failure.asksToWait(asked, failure.reason)
        }
        let delay = endpoint.retry.delay(
            attempt: pending.attempts, uniform: random.nextUniformDouble(), asked: failure.delay)
        pending.due = .now + .seconds(delay)
        if let asked = failure.delay { pausedUntil = max(pausedUntil, .now + .seconds(asked)) }
        waiting.append(pending)
        if lastNote.map({ (.now - $0) / .seconds(1) > Self.noteInterval }) ?? true {
            lastNote = .now
            note("\(endpoint.address.host): \(failure.reason); trying again")
        }
    }
}

/// Outcomes on their way from the session's threads to the dispatcher's.
private final class Inbox: Sendable {
    private let outcomes = Mutex<[(Int, CompletionOutcome)]>([])
    private let count = DispatchSemaphore(value: 0)

    func put(_ number: Int, _ outcome: CompletionOutcome) {
        outcomes.withLock { $0.append((number, outcome)) }
        count.signal()
    }

    /// The oldest outcome; nil if none comes within some seconds.
    func take(within seconds: Double) -> (Int, CompletionOutcome)? {
        guard count.wait(timeout: .now() + seconds) == .success else { return nil }
        return outcomes.withLock { $0.removeFirst() }
    }
}
