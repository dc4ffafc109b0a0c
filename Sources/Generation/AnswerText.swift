import Tokenization

/// The text of an answer as its tokens are generated, up to its first stop string.
///
/// Text that may be the beginning of a stop string is withheld until that is decided.
struct AnswerText {
    private let stops: [[UInt8]]
    private var decoder: StreamingDecoder
    /// UTF-8 of the answer, with the withheld text.
    private var bytes: [UInt8] = []
    private var shown = 0
    /// Whether a stop string was reached; further tokens are ignored.
    private(set) var isStopped = false

    /// - Parameters:
    ///   - stop: strings that end the answer; empty ones are ignored
    ///   - context: tokens that the answer continues as one text, such as the beginning of a story
    init(_ tokenizer: Tokenizer, stop: [String], continuing context: [Int32] = []) {
        stops = stop.map { Array($0.utf8) }.filter { !$0.isEmpty }
        decoder = StreamingDecoder(tokenizer)
        for id in context { _ = decoder.append(id) }
    }

    /// The answer's text.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Adds a token; returns the text that can be shown now.
    mutating func append(_ id: Int32) -> String {
        add(decoder.append(id))
        return show(all: false)
    }

    /// Ends the answer; returns the rest of its text.
    mutating func finish() -> String {
        add(decoder.finish())
        return show(all: true)
    }

    private mutating func add(_ text: String) {
        guard !isStopped, !text.isEmpty else { return }
        let start = bytes.count
        bytes += text.utf8
        // A stop string may begin in earlier text. The one that occurs first counts.
        let cut = stops.compactMap { stop in firstIndex(of: stop, from: max(0, start - stop.count + 1)) }
            .min()
        if let cut {
            bytes.removeLast(bytes.count - cut)
            isStopped = true
        }
    }

    private func firstIndex(of stop: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= stop.count else { return nil }
        return (start..<max(start, bytes.count - stop.count + 1)).first { bytes[$0...].starts(with: stop) }
    }

    private mutating func show(all: Bool) -> String {
        let held = all || isStopped ? 0 : stops.map(heldLength).max() ?? 0
        let end = max(shown, bytes.count - held)
        defer { shown = end }
        return String(decoding: bytes[min(shown, end)..<min(end, bytes.count)], as: UTF8.self)
    }

    /// Length of the longest suffix of the text that is a prefix of a stop string.
    private func heldLength(_ stop: [UInt8]) -> Int {
        (1..<stop.count).reversed().first {
            bytes.suffix($0).elementsEqual(stop.prefix($0)) && bytes.count >= $0
        } ?? 0
    }
}
