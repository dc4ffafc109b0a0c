import Foundation
import Support
import Tokenization

/// Turns of the user that an aligned model writes by itself: it is given its chat template up to where the user's content begins (Magpie;
/// Xu et al. 2024, arXiv 2406.08464).
///
/// Requests are all the same; they differ by their random numbers, so sampling must not be greedy.
public struct MagpieWriter: PromptWriter {
    private let system: String?
    private let opening: String?
    private let count: Int
    private let round: Int

    /// - Parameters:
    ///   - count: number of turns to ask for
    ///   - system: a system turn before the user's
    ///   - opening: the beginning of a text that ends where the user's content begins, for a model whose template is not at hand
    ///   - round: the number of the round, from 0
    public init(count: Int, system: String? = nil, opening: String? = nil, round: Int = 0) {
        (self.count, self.system, self.opening, self.round) = (count, system, opening, round)
    }

    /// What precedes the turns.
    public var requests: [[Message]] {
        Array(repeating: system.map { [Message(role: .system, content: $0)] } ?? [], count: count)
    }

    /// As a turn of the user, or the text that begins it.
    public func question(_ request: [Message]) -> SynthesisPrompt.Question {
        opening.map { .text($0) } ?? .userTurn(after: request)
    }

    /// The whole turn, unless it breaks off.
    public func prompts(in answer: String, isWhole: Bool, to request: Int) -> [PromptRecord] {
        let turn = opening.map { String(answer.dropFirst($0.count)) } ?? answer
        let text = turn.trimmingCharacters(in: .whitespacesAndNewlines)
        guard isWhole, text.contains(where: \.isLetter) else { return [] }
        let messages =
            (system.map { [Message(role: .system, content: $0)] } ?? []) + [
                Message(role: .user, content: text)
            ]
        return [
            PromptRecord(
                messages, kind: "magpie", origin: PromptRecord.id(of: messages),
                details: [OrderedJSON.Member("round", .integer(round))])
        ]
    }
}
