import Foundation
import Support
import Tokenization

/// Asks an endpoint for the probabilities of the tokens of many prompts.
///
/// Answers are kept in a journal as they arrive, like those of a synthesis: none is paid for twice.
package struct EndpointScorer {
    /// A prompt: tokens, and the rows whose next tokens' distributions are wanted, rising.
    package typealias Prompt = (ids: [Int32], rows: [Int32])

    private let endpoint: Endpoint
    private let credentials: EndpointCredentials
    private let texts: TokenTexts
    private let k: Int
    private let isPerToken: Bool

    /// Tokens of the prompt by which an endpoint is tried.
    private static let triedTokens = 24
    /// How unlike two computations of one distribution may be, with different batches in half precision.
    private static let sameDistribution = 0.2

    /// - Parameters:
    ///   - tokenizer: the one that the endpoint's model has
    ///   - k: the most tokens of a distribution
    ///   - isPerToken: whether each distribution is asked for as that of a generated token, by a request of its own
    /// - Throws: `UserError` when an environment variable with a key is missing
    package init(endpoint: Endpoint, tokenizer: Tokenizer, k: Int, isPerToken: Bool = false) throws {
        // Prompts are tokens, not chats that a server writes by its template.
        self.endpoint = endpoint.onCompletions
        (self.k, self.isPerToken) = (k, isPerToken)
        credentials = try EndpointCredentials(endpoint)
        texts = TokenTexts(tokenizer)
    }

    /// Scores prompts.
    ///
    /// - Parameters:
    ///   - numbers: of the prompts
    ///   - prompt: the prompt with a number; that of number 0 and those behind it are what the endpoint is tried by
    ///   - url: of the journal
    ///   - stage: the name in progress events
    ///   - onScores: receives the distributions of each prompt, in order
    /// - Returns: what was asked, and what it took
    /// - Throws: `UserError` when the endpoint gives no probabilities, reads other tokens, or leaves a prompt out, and when a budget
    ///   ends the run; `Interrupted`
    package func run(
        _ numbers: Range<Int>, prompt: @escaping (Int) throws -> Prompt, journal url: URL, stage: String,
        progress: ProgressHandler?, onScores: (PromptScores) throws -> Void
    ) throws -> EndpointSummary {
        let note = { (text: String) in progress?(.note("\(stage): \(text)")) ?? () }
        let journal = try AnswerJournal(at: url, of: endpoint)
        journal.noteEarlierRuns(note)
        let before = journal.spending
        // The first prompt with a row is tried.
        var tried: Prompt?
        for number in 0..<numbers.upperBound where tried == nil {
            let prompt = try prompt(number)
            if !prompt.rows.isEmpty { tried = prompt }
        }
        let form = try tried.map { try self.form(for: $0, journal, note) } ?? ScoredPrompt.Form.ids
        let client = try EndpointClient(endpoint, credentials)
        let dispatcher = EndpointDispatcher(client, journal: journal, probe: nil, seed: 0, note: note)
        var queue = ScoringQueue(numbers) { try parts(of: prompt($0), form: form) }
        var refused: Int?
        let bound = try Interruption.saving {
            try dispatcher.run(
                next: { try refused == nil ? queue.next().map(question) : nil },
                onEvent: { question, answer in
                    guard let scores = answer?.scores else {
                        refused = refused ?? question.place.prompt
                        return
                    }
                    try queue.finish(question.place, scores).forEach(onScores)
                }, isEnough: { refused != nil },
                onTick: {
                    progress?(.status(stage: stage, text: "\(dispatcher.inFlight) in flight"))
                })
        }
        if let refused {
            try journal.withdraw(journal.refusedKeys)
            throw client.reader.failure.unscored(
                refused, of: numbers.upperBound, dispatcher.counts.reasons.first ?? "no answer",
                start: texts.prompt(
                    of: Array(try prompt(refused).ids.prefix(Self.triedTokens)), withBegin: true))
        }
        try queue.ready().forEach(onScores)
        if let bound { throw client.reader.failure.unfinished(bound, queue.passed, of: numbers.upperBound) }
        return EndpointSummary(
            endpoint, dispatcher.counts, journal: journal, before: before, ended: nil, reusedRecords: 0)
    }

    /// The requests for a prompt: one, or one for each row.
    private func parts(of prompt: Prompt, form: ScoredPrompt.Form) -> [ScoredPrompt] {
        func part(_ ids: [Int32], _ wanted: ScoredPrompt.Wanted) -> ScoredPrompt {
            ScoredPrompt(ids: ids, wanted: wanted, form: form, k: k, texts: texts)
        }
        if prompt.rows.isEmpty { return [] }
        guard isPerToken else { return [part(prompt.ids, .rows(prompt.rows))] }
        return prompt.rows.map { part(Array(prompt.ids[...Int($0)]), .next) }
    }

    private func question(_ part: (number: Int, place: JournalLine.Place, prompt: ScoredPrompt))
        -> EndpointDispatcher.Question
    {
        let request = CompletionRequest(part.prompt, endpoint: endpoint)
        // Texts of tokens are read by the vocabulary.
        let key = Fingerprint(
            hashing: "scores 1", endpoint.identity.text, request.body.text, "\(part.prompt.wanted)",
            texts.tokenizer.piecesFingerprint.hexadecimal)
        return EndpointDispatcher.Question(number: part.number, key: key, place: part.place, request: request)
    }

    // MARK: The form of prompts

    /// Finds how prompts are to be sent: a few requests of one token.
    private func form(
        for prompt: Prompt, _ journal: AnswerJournal, _ note: @escaping (String) -> Void
    ) throws -> ScoredPrompt.Form {
        var endpoint = endpoint
        // What a server cannot do it refuses with status 500, too.
        endpoint.retry.retries = min(endpoint.retry.retries, 1)
        let client = try EndpointClient(endpoint, credentials)
        // Ends behind a row that is wanted, not far behind the first of them.
        let first = Int(prompt.rows.first ?? 0)
        let last = Int(prompt.rows.last { Int($0) < max(first + 1, Self.triedTokens) } ?? 0)
        let ids = Array(prompt.ids.prefix(last + 2))
        var reasons: [String] = []
        var probe: CompletionRequest? = CompletionRequest(
            .text("Hi"), sampling: .init(temperature: 1, maxNewTokens: 1), seed: 0, endpoint: endpoint)
        for form in ScoredPrompt.Form.allCases {
            guard form != .textWithoutBegin || ids.first == texts.tokenizer.beginTokenID else { continue }
            func ask(_ ids: [Int32], _ wanted: ScoredPrompt.Wanted) throws -> PromptScores? {
                defer { probe = nil }
                let prompt = ScoredPrompt(ids: ids, wanted: wanted, form: form, k: k, texts: texts)
                var asked = [question((0, .init(), prompt))]
                var scores: PromptScores?
                let dispatcher = EndpointDispatcher(
                    client, journal: journal, probe: probe, seed: 0, note: note)
                let bound = try dispatcher.run(
                    next: { asked.popLast() }, onEvent: { scores = $1?.scores }, isEnough: { false },
                    onTick: {})
                if let bound { throw client.reader.failure.unfinished(bound, 0, of: 1) }
                reasons += dispatcher.counts.reasons
                return scores
            }
            if isPerToken {
                if try ask(ids.dropLast(), .next) != nil { return form }
                continue
            }
            guard let scores = try ask(ids, .rows([Int32(last)])) else { continue }
            guard scores.isEchoed else { return form }
            // Not every server that repeats the prompt puts a token's distribution beside it.
            guard let next = try ask(ids.dropLast(), .next) else { continue }
            if scores.distance(from: next) < Self.sameDistribution { return form }
            reasons.append("log-probabilities beside other tokens than their own")
        }
        // Another server may be started at the address.
        try journal.withdraw(journal.refusedKeys)
        throw client.reader.failure.scoresNothing(reasons, perToken: isPerToken)
    }
}
