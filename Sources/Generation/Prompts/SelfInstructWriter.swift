import Support
import Tokenization

/// New prompts in the manner of given ones: the model reads some of a pool and writes more (Self-Instruct; Wang et al. 2023,
/// arXiv 2212.10560).
///
/// The pool grows by rounds: a round's requests draw from the prompts of the rounds before.
public struct SelfInstructWriter: PromptWriter {
    /// Asks for prompts: slots `examples` and `count`.
    public static let standardInstruction = """
        These are things that people ask an assistant.

        {examples}

        Write {count} more. They must be about other things than these and differ from each other in topic, form and length. Write \
        each on a line of its own, and nothing else.
        """

    /// The slots of the instruction.
    public static let slots = ["examples", "count"]

    private let instruction: PromptTemplate
    private let count: Int
    private let pool: [PromptRecord]
    /// The examples of each request, as indices into the pool.
    private let chosen: [[Int]]

    /// One round.
    ///
    /// - Parameters:
    ///   - seeds: the prompts that were given
    ///   - written: those of the rounds before
    ///   - round: the number of the round, from 0
    ///   - requests: the number of requests
    ///   - examples: the number of examples in each; a quarter of them are from `written`, once there are enough
    ///   - count: the number of prompts to ask for
    ///   - instruction: asks for them
    ///   - seed: of the choice of examples
    public init(
        seeds: [PromptRecord], written: [PromptRecord], round: Int, requests: Int, examples: Int, count: Int,
        instruction: PromptTemplate, seed: UInt64
    ) {
        precondition(!seeds.isEmpty, "there is no seed prompt")
        self.instruction = instruction
        self.count = count
        pool = seeds + written
        chosen = (0..<requests).map { request in
            var stream = RandomStream(
                seed: seed, purpose: "self-instruct, round \(round)", index: UInt64(request))
            let new = min(examples / 4, written.count)
            let old = min(examples - new, seeds.count)
            let indices =
                Self.draw(old, of: seeds.count, &stream)
                + Self.draw(new, of: written.count, &stream).map { $0 + seeds.count }
            let order = stream.permutation(of: indices.count)
            return order.map { indices[$0] }
        }
    }

    /// Different indices in random order (Floyd's algorithm, shuffled by the caller).
    private static func draw(_ count: Int, of total: Int, _ stream: inout RandomStream) -> [Int] {
        var drawn: Set<Int> = []
        for last in (total - count)..<total {
            let index = stream.nextIndex(below: last + 1)
            if !drawn.insert(index).inserted { drawn.insert(last) }
        }
        return drawn.sorted()
    }

    /// The requests of the round.
    public var requests: [[Message]] {
        chosen.map { indices in
            let examples = indices.map {
                "- " + pool[$0].question.split(whereSeparator: \.isNewline).joined(separator: " ")
            }
            let values = ["examples": examples.joined(separator: "\n"), "count": "\(count)"]
            return [Message(role: .user, content: instruction.filled(values))]
        }
    }

    /// The lines of the list.
    public func prompts(in answer: String, isWhole: Bool, to request: Int) -> [PromptRecord] {
        let parents = chosen[request].map { pool[$0].meta["id"] ?? .null }
        return PromptList.items(in: answer, isWhole: isWhole).prefix(count).map { text in
            let messages = [Message(role: .user, content: text)]
            return PromptRecord(
                messages, kind: "self_instruct", origin: PromptRecord.id(of: messages),
                details: [OrderedJSON.Member("parents", .array(parents))])
        }
    }
}
