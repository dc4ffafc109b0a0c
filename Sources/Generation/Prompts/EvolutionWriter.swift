import Foundation
import Support
import Tokenization

/// Harder and different variants of prompts: the model rewrites each by one of several operations (Evol-Instruct; Xu et al. 2023,
/// arXiv 2304.12244).
public struct EvolutionWriter: PromptWriter {
    /// The operations, by name; each has the slot `prompt`.
    public static let standardOperations = [
        ("deepen", "Rewrite this request so that a good answer needs more knowledge of the same subject."),
        ("constrain", "Rewrite this request and add one condition that the answer must meet."),
        (
            "concretise",
            "Rewrite this request so that it is about one particular situation instead of the general case."
        ),
        ("reason", "Rewrite this request so that the answer needs several steps of thought."),
        ("broaden", "Write a request from the same field that asks for something rarer than this one."),
    ].map { ($0.0, $0.1 + " Write only the new request.\n\n{prompt}") }

    /// The slots of an operation.
    public static let slots = ["prompt"]

    private let parents: [PromptRecord]
    private let operations: [(name: String, template: PromptTemplate)]
    /// The operation of each parent.
    private let chosen: [Int]

    /// - Parameters:
    ///   - parents: the prompts to rewrite
    ///   - operations: the operations, by name
    ///   - seed: of the choice of an operation for each
    public init(parents: [PromptRecord], operations: [(name: String, template: PromptTemplate)], seed: UInt64)
    {
        precondition(!operations.isEmpty, "there is no operation")
        self.parents = parents
        self.operations = operations
        chosen = parents.indices.map { index in
            var stream = RandomStream(seed: seed, purpose: "prompt evolution", index: UInt64(index))
            return stream.nextIndex(below: operations.count)
        }
    }

    /// A request for each parent.
    public var requests: [[Message]] {
        zip(parents, chosen).map { parent, operation in
            [
                Message(
                    role: .user, content: operations[operation].template.filled(["prompt": parent.question]))
            ]
        }
    }

    /// The whole answer, unless it breaks off or repeats the parent.
    public func prompts(in answer: String, isWhole: Bool, to request: Int) -> [PromptRecord] {
        let parent = parents[request]
        let text = answer.trimmingCharacters(in: .whitespacesAndNewlines)
        guard isWhole, text.contains(where: \.isLetter), text != parent.question else { return [] }
        let earlier = parent.messages.prefix { $0.role == .system }
        let origin =
            if case .string(let text) = parent.meta["origin"] { text } else {
                PromptRecord.id(of: parent.messages)
            }
        return [
            PromptRecord(
                earlier + [Message(role: .user, content: text)], kind: "evolve", origin: origin,
                details: [
                    OrderedJSON.Member("parents", .array([parent.meta["id"] ?? .null])),
                    OrderedJSON.Member("operation", .string(operations[chosen[request]].name)),
                ])
        ]
    }
}
