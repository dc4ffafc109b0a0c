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

    /// The first characters of a message up to where all of a text is found in them, and the white space behind.
    ///
    /// Templates may write a part of a message again: the name of a called function with what it returned.
    ///
    /// - Parameter text: Without white space.
    /// - Returns: nil if the message's characters begin otherwise
    func range(of origin: Origin, showing text: [UInt8]) -> Range<Int>? {
        guard !text.isEmpty else { return range(of: origin) }
        var (rest, start) = (text[...], 0)
        for run in runs where run.origin == origin {
            if rest.count == text.count { start = run.range.lowerBound }
            var end = run.range.lowerBound
            while end < run.range.upperBound, let next = rest.first {
                guard bytes[end] <= 0x20 || bytes[end] == next else { return nil }
                if bytes[end] > 0x20 { rest = rest.dropFirst() }
                end += 1
            }
            if rest.isEmpty {
                while end < run.range.upperBound, bytes[end] <= 0x20 { end += 1 }
                return start..<end
            }
        }
        return nil
    }

    /// The last text before a place that the template did not write.
    func lastInput(before place: Int) -> RenderedText.Run? {
        runs.last { $0.range.upperBound <= place && $0.origin != .template }
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
