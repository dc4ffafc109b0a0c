import Foundation
import Support

/// Every request to an endpoint and what came of it, in a file of JSON lines: an answer is on disk before anything is made of it.
///
/// A line is written before a request is sent and another when it has ended. After a kill, a request without a second line was
/// in flight. Answers are found by their keys, the digests of what was asked, so that no run over the same journal pays for an
/// answer twice, whatever else has changed: more prompts, another budget, another concurrency.
final class AnswerJournal {
    /// What is known of a key.
    enum Known {
        case answer(CompletionAnswer)
        case refused(String)
    }

    private enum Entry {
        /// Where the line with the answer is in the file.
        case stored(offset: Int, length: Int)
        case held(CompletionAnswer)
        case refused(String)
    }

    /// nil for a journal in memory.
    private let log: AppendLog?
    private let file: FileHandle?
    private let lock: FileLock?
    private var entries: [Fingerprint: Entry] = [:]
    /// What all requests of this journal took.
    private(set) var spending = Spending()
    /// Requests that were in flight when an earlier run was killed.
    private(set) var interruptedRequests = 0
    /// Lines that could not be read.
    private(set) var damagedLines = 0

    /// A journal in memory, of a run that cannot be resumed.
    init() { (log, file, lock) = (nil, nil, nil) }

    /// Opens a journal or creates it.
    ///
    /// - Throws: `UserError` when another process writes it, when it is of another endpoint or model, or is no journal
    init(at url: URL, of endpoint: Endpoint) throws {
        lock = try FileLock(url)
        let log = try AppendLog(at: url)
        self.log = log
        file = try FileHandle(forReadingFrom: url)
        if log.lineCount == 0 {
            var line = JournalLine(.opened)
            (line.endpoint, line.model) = (endpoint.address.description, endpoint.model)
            try log.append(line)
            try log.synchronize()
        } else {
            try read(url, endpoint)
        }
    }

    private func read(_ url: URL, _ endpoint: Endpoint) throws {
        var open: [Int: TokenUsage] = [:]
        let lines = try JSONLines(contentsOf: url)
        var isFirst = true
        while true {
            let line: JSONLines.Line
            do {
                guard let next = try lines.next() else { break }
                line = next
            } catch {
                damagedLines += 1
                continue
            }
            guard let entry = try? line.decode(JournalLine.self) else {
                if isFirst { throw Self.notAJournal(url) }
                damagedLines += 1
                continue
            }
            if isFirst {
                guard entry.event == .opened else { throw Self.notAJournal(url) }
                try Self.require(entry, of: endpoint, url)
            }
            isFirst = false
            take(entry, at: line, &open)
        }
        interruptedRequests = open.count
        for usage in open.values { spending.leaveUnconfirmed(usage) }
    }

    private func take(_ entry: JournalLine, at line: JSONLines.Line, _ open: inout [Int: TokenUsage]) {
        if let request = entry.request, entry.event != .sent { open[request] = nil }
        switch entry.event {
        case .opened: break
        case .sent:
            spending.requests = max(spending.requests, entry.request ?? 0)
            if let request = entry.request { open[request] = entry.reserved ?? .zero }
        case .answered:
            guard let key = entry.key, let answer = entry.answer else { return }
            spending.spend(answer.usage)
            entries[key] = .stored(offset: line.offset, length: line.bytes.count)
        case .probed: spending.spend(entry.usage ?? .zero, isAnswer: false)
        case .refused:
            guard let key = entry.key else { return }
            spending.spend(entry.usage ?? .zero, isAnswer: false)
            entries[key] = .refused(entry.reason ?? "")
        case .unanswered:
            if entry.mayBeCharged == true { spending.leaveUnconfirmed(entry.reserved ?? .zero) }
        case .withdrawn:
            for key in entry.keys ?? [] { entries[key] = nil }
        }
    }

    private static func notAJournal(_ url: URL) -> UserError {
        UserError(
            "is no journal of answers", file: url.relativePath, hint: "move it away, or name another output",
            status: .cannotCreate)
    }

    private static func require(_ entry: JournalLine, of endpoint: Endpoint, _ url: URL) throws {
        guard entry.endpoint == endpoint.address.description, entry.model == endpoint.model else {
            throw UserError(
                "holds answers of \(entry.model ?? "?") at \(entry.endpoint ?? "?"), not of \(endpoint.model) at \(endpoint.address)",
                file: url.relativePath, hint: "move it away, or name another output", status: .cannotCreate)
        }
    }

    /// What came of a question; nil if it is still to be asked.
    func known(_ key: Fingerprint) throws -> Known? {
        switch entries[key] {
        case nil: return nil
        case .held(let answer)?: return .answer(answer)
        case .refused(let reason)?: return .refused(reason)
        case .stored(let offset, let length)?:
            try file?.seek(toOffset: UInt64(offset))
            guard let data = try file?.read(upToCount: length),
                let answer = try? JSONDecoder().decode(JournalLine.self, from: data).answer
            else { throw UserError("the journal of answers was changed while it is read") }
            return .answer(answer)
        }
    }

    /// Says what earlier runs left behind.
    func noteEarlierRuns(_ note: (String) -> Void) {
        if interruptedRequests > 0 {
            note(
                "\(interruptedRequests) requests were in flight when an earlier run was killed; they count as spent"
            )
        }
        if damagedLines > 0 {
            note("\(damagedLines) lines of the journal are damaged; what they held is asked again")
        }
    }

    // MARK: Writing

    /// Notes that a request is about to be sent.
    ///
    /// - Returns: its number
    func send(_ key: Fingerprint, _ place: JournalLine.Place, _ reserved: TokenUsage) throws -> Int {
        spending.reserve(reserved)
        var line = JournalLine(.sent)
        (line.request, line.key, line.place, line.reserved) = (spending.requests, key, place, reserved)
        try log?.append(line)
        return spending.requests
    }

    /// Keeps an answer; it is on disk when this returns.
    func answer(_ request: Int, _ key: Fingerprint, _ reserved: TokenUsage, _ answer: CompletionAnswer) throws
    {
        spending.release(reserved)
        spending.spend(answer.usage)
        var line = JournalLine(.answered)
        (line.request, line.key, line.answer) = (request, key, answer)
        if let log {
            let data = try AppendLog.line(line)
            let offset = log.byteCount
            try log.append(line: data)
            try log.synchronize()
            entries[key] = .stored(offset: offset, length: data.count)
        } else {
            entries[key] = .held(answer)
        }
    }

    /// Notes that a first request was answered.
    func probe(_ request: Int, _ key: Fingerprint, _ reserved: TokenUsage, usage: TokenUsage) throws {
        spending.release(reserved)
        spending.spend(usage, isAnswer: false)
        var line = JournalLine(.probed)
        (line.request, line.key, line.usage) = (request, key, usage)
        try log?.append(line)
    }

    /// Notes that a question will not be answered.
    func refuse(
        _ request: Int, _ key: Fingerprint, _ reserved: TokenUsage, reason: String, usage: TokenUsage
    ) throws {
        spending.release(reserved)
        spending.spend(usage, isAnswer: false)
        entries[key] = .refused(reason)
        var line = JournalLine(.refused)
        (line.request, line.key, line.reason, line.usage) = (request, key, reason, usage)
        try log?.append(line)
        try log?.synchronize()
    }

    /// Notes that a question whose last request has ended is given up.
    func giveUp(_ key: Fingerprint, reason: String) throws {
        entries[key] = .refused(reason)
        var line = JournalLine(.refused)
        (line.key, line.reason) = (key, reason)
        try log?.append(line)
        try log?.synchronize()
    }

    /// Notes that a request ended without an answer.
    func miss(_ request: Int, _ key: Fingerprint, _ reserved: TokenUsage, reason: String, mayBeCharged: Bool)
        throws
    {
        spending.release(reserved)
        if mayBeCharged { spending.leaveUnconfirmed(reserved) }
        var line = JournalLine(.unanswered)
        (line.request, line.key, line.reason) = (request, key, reason)
        (line.reserved, line.mayBeCharged) = (reserved, mayBeCharged)
        try log?.append(line)
    }

    /// Has questions asked again that were refused.
    func withdraw(_ keys: [Fingerprint]) throws {
        guard !keys.isEmpty else { return }
        for key in keys { entries[key] = nil }
        var line = JournalLine(.withdrawn)
        line.keys = keys
        try log?.append(line)
        try log?.synchronize()
    }

    /// The questions that were refused.
    var refusedKeys: [Fingerprint] {
        entries.compactMap { if case .refused = $1 { $0 } else { nil } }
    }
}
