/// Who wrote a stretch of text: the template, or an input that the caller tagged.
///
/// A template mixes its own literals with text of messages. Only the former may become special tokens, so each character keeps its
/// origin through every string operation of the template.
public struct Origin: Hashable, Sendable {
    let number: Int32

    /// The template's own text: what stands between its tags, and the literals in them.
    public static let template = Origin(number: 0)

    /// An input.
    ///
    /// - Parameter input: the caller's number of the input, from 1 to `Int32.max`
    public init(_ input: Int) {
        precondition(input > 0 && input <= Int32.max, "inputs are numbered from 1")
        number = Int32(input)
    }

    init(number: Int32) { self.number = number }

    /// The input's number; 0 is the template.
    public var input: Int { Int(number) }
}

/// What is known of a character: who wrote it, and the `generation` block that it was rendered in.
struct TextMark: Hashable, Sendable {
    var origin: Int32
    /// The block's number in its render, from 1; 0 is outside of all blocks.
    var generation: Int32

    static let template = TextMark(origin: 0, generation: 0)

    init(origin: Int32, generation: Int32 = 0) {
        self.origin = origin
        self.generation = generation
    }
}

/// Characters with the same mark that follow each other.
struct MarkedRun: Hashable, Sendable {
    /// Offset of the first byte behind the run.
    var end: Int
    var mark: TextMark
}
