import Jinja

/// A rendered chat, and where its messages are in it.
struct ChatRendering {
    /// The text in UTF-8.
    let bytes: [UInt8]
    /// What the template wrote, and what came from messages.
    private let runs: [RenderedText.Run]
    /// The `{% generation %}` blocks.
    let generations: [Range<Int>]

    init(_ text: RenderedText) {
        (bytes, runs, generations) = (Array(text.text.utf8), text.runs, text.generations)
    }

    /// The text with what the template wrote of it.
    var marked: MarkedText {
        MarkedText(bytes: bytes, written: runs.filter { $0.origin == .template }.map(\.range))
    }

    /// From the first to the last character of a message; nil if it has none in the text.
    func range(of origin: Origin) -> Range<Int>? {
        guard let first = runs.first(where: { $0.origin == origin }),
            let last = runs.last(where: { $0.origin == origin })
        else { return nil }
        return first.range.lowerBound..<last.range.upperBound
    }

    /// The characters of a message, one after the other.
    func text(of origin: Origin) -> [UInt8] {
        runs.filter { $0.origin == origin }.flatMap { bytes[$0.range] }
    }

    /// What the template wrote between a place and the next message's text.
    func writtenText(from start: Int) -> ArraySlice<UInt8> {
        let next = runs.first { $0.range.lowerBound >= start && $0.origin != .template }
        return bytes[start..<(next?.range.lowerBound ?? bytes.count)]
    }
}
