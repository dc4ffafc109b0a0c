import Corpora
import Foundation
import Support
import Tokenization

/// The answers of a corpus, those to the same prompt together.
///
/// Records have the same prompt if all before their last answer is the same: roles, contents and tools. Where samples differ earlier
/// (every turn of a chat was answered), or for texts, a key such as `meta.prompt` says which belong together.
public struct AnswerGroups: Sendable {
    /// The prompt of each record, numbered as they first occur.
    public private(set) var promptOfRecord: [Int] = []
    /// The records of each prompt, in order.
    public private(set) var recordsOfPrompt: [[Int]] = []
    private var prompts: [Fingerprint: Int] = [:]

    /// Groups the records of a corpus.
    ///
    /// - Parameters:
    ///   - reader: the corpus
    ///   - key: the key of a record that all answers to a prompt have in common, such as `meta.prompt`; nil for the prompt itself
    /// - Throws: `UserError` with file and line for a record without an answer or without the key, and for other mistakes in the files;
    ///   `Interrupted`
    public init(_ reader: CorpusReader, by key: String? = nil) throws {
        try reader.forEachCandidate {
            (try Self.prompt(of: $0, key))
        } then: { prompt in
            add(prompt)
        }
    }

    private mutating func add(_ prompt: Fingerprint) {
        let number = prompts[prompt] ?? recordsOfPrompt.count
        if number == recordsOfPrompt.count {
            prompts[prompt] = number
            recordsOfPrompt.append([])
        }
        recordsOfPrompt[number].append(promptOfRecord.count)
        promptOfRecord.append(number)
    }

    private static func prompt(of candidate: CandidateRecord, _ key: String?) throws -> Fingerprint {
        func error(_ problem: String, _ hint: String) -> UserError {
            UserError(problem, file: candidate.location.file, line: candidate.location.line, hint: hint)
        }
        if case .chat(let messages, _) = candidate.record, messages.last?.role != .assistant {
            throw error("has no answer to judge", "a record ends with a turn of the assistant")
        }
        if let key {
            guard let value = try candidate.value(at: key) else {
                throw error("has no key \"\(key)\", by which answers are grouped", "name another key")
            }
            return Fingerprint(of: Data(value.text.utf8))
        }
        guard case .chat(let messages, let tools) = candidate.record else {
            throw error(
                "is a text: what of it is the answer is not known",
                "name a key that the answers to a prompt have in common, such as group_by: meta.prompt")
        }
        let turns = messages.dropLast().flatMap { [Data($0.role.rawValue.utf8), Data($0.content.utf8)] }
        return Fingerprint(hashing: turns + tools.map { Data($0.text.utf8) })
    }

    /// Number of records.
    public var recordCount: Int { promptOfRecord.count }
    /// Number of prompts.
    public var promptCount: Int { recordsOfPrompt.count }
}
