/// HTML escapes as markupsafe writes them.
enum Markup {
    private static func entity(_ byte: UInt8) -> StaticString? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "'"): "&#39;"
        case UInt8(ascii: "\""): "&#34;"
        default: nil
        }
    }

    /// The text with the five characters of HTML escaped. An escape belongs to the author of its character.
    static func escape(_ text: TracedString) -> TracedString {
        var builder = TracedBuilder()
        text.forEachRun(in: 0..<text.bytes.count) { range, mark in
            var plain = range.lowerBound
            for place in range {
                guard let entity = entity(text.bytes[place]) else { continue }
                builder.append(text, plain..<place)
                builder.append(entity.description, mark)
                plain = place + 1
            }
            builder.append(text, plain..<range.upperBound)
        }
        return builder.finish(markup: true)
    }

    /// The text as HTML: escaped unless it is.
    static func html(_ text: TracedString) -> TracedString { text.isMarkup ? text : escape(text) }
}
