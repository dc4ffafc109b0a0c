/// Filters for HTML and URLs.
extension TextFilters {
    static let safe: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("safe", 0...0)
        return .string(try PythonRepr.string(value, budget).markup(true))
    }

    static let escape: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("escape", 0...0)
        let text = try PythonRepr.string(value, budget)
        try budget.allocate(text.bytes.count, times: 5)
        return .string(Markup.html(text))
    }

    static let forceEscape: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("forceescape", 0...0)
        let text = try PythonRepr.string(value, budget)
        try budget.allocate(text.bytes.count, times: 5)
        return .string(Markup.escape(text.markup(false)))
    }

    /// The text without tags and comments, with single spaces, its entities read.
    static let stripTags: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("striptags", 0...0)
        let text = try PythonRepr.string(value, budget).markup(false)
        try budget.allocate(text.bytes.count, times: 4)
        let bare = removing(from: removing(from: text, "<!--", "-->"), "<", ">")
        let words = try bare.split(nil, limit: nil, fromEnd: false, budget)
        let joined = try TracedString(" ").joining(words, budget)
        guard !joined.bytes.contains(UInt8(ascii: "&")) else { return .string(try unescaped(joined)) }
        return .string(joined)
    }

    private static func removing(from text: TracedString, _ open: StaticString, _ close: StaticString)
        -> TracedString
    {
        let (open, close) = (Array(open.description.utf8), Array(close.description.utf8))
        var builder = TracedBuilder()
        var (plain, place) = (0, 0)
        let bytes = text.bytes
        var hasClose = true
        while place < bytes.count {
            guard hasClose, bytes[place] == open[0], bytes[place...].starts(with: open) else {
                place += 1
                continue
            }
            var end = place + open.count
            while end < bytes.count, bytes[end] != close[0] || !bytes[end...].starts(with: close) { end += 1 }
            guard end < bytes.count else {
                hasClose = false
                continue
            }
            builder.append(text, plain..<place)
            place = end + close.count
            plain = place
        }
        builder.append(text, plain..<bytes.count)
        return builder.finish()
    }

    /// Entities of markup; others are refused, since HTML has more than two thousand.
    private static func unescaped(_ text: TracedString) throws(JinjaError) -> TracedString {
        let known: [(entity: [UInt8], character: Unicode.Scalar)] = [
            ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&#34;", "\""), ("&quot;", "\""),
        ].map { (Array($0.0.utf8), $0.1) }
        var builder = TracedBuilder()
        var (plain, place) = (0, 0)
        while place < text.bytes.count {
            guard text.bytes[place] == UInt8(ascii: "&") else {
                place += 1
                continue
            }
            if let match = known.first(where: { text.bytes[place...].starts(with: $0.entity) }) {
                builder.append(text, plain..<place)
                builder.append(match.character, text.mark(at: place))
                place += match.entity.count
                plain = place
            } else if place + 1 < text.bytes.count,
                text.bytes[place + 1] == UInt8(ascii: "#") || text.bytes[place + 1].isASCIILetter
            {
                throw JinjaError(.syntax, "striptags with HTML entities is not supported")
            } else {
                place += 1
            }
        }
        builder.append(text, plain..<text.bytes.count)
        return builder.finish()
    }

    // MARK: - URLs

    static let urlEncode: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("urlencode", 0...0)
        if case .string(let text) = value { return .string(try quoted(text, isQuery: false, budget)) }
        guard PythonSequence.isIterable(value) else {
            return .string(try quoted(try PythonRepr.string(value, budget), isQuery: false, budget))
        }
        var pairs = try PythonSequence.elements(value, budget)
        if case .map(let map) = value {
            pairs = []
            for (place, key) in map.keys.enumerated() {
                pairs.append(.tuple(try JinjaList([key, map.values[place]])))
            }
        }
        var parts: [TracedString] = []
        for pair in pairs {
            let pair = try PythonSequence.elements(pair, budget)
            guard pair.count == 2 else { throw .runtime("urlencode expects pairs") }
            let key = try quoted(try PythonRepr.string(pair[0], budget), isQuery: true, budget)
            let value = try quoted(try PythonRepr.string(pair[1], budget), isQuery: true, budget)
            parts.append(key + TracedString("=") + value)
        }
        return .string(try TracedString("&").joining(parts, budget))
    }

    private static func quoted(
        _ text: TracedString, isQuery: Bool, _ budget: RenderBudget
    ) throws(JinjaError) -> TracedString {
        try budget.allocate(text.bytes.count, times: 3)
        var builder = TracedBuilder()
        text.forEachRun(in: 0..<text.bytes.count) { range, mark in
            for byte in text.bytes[range] {
                if byte.isASCIIAlphanumeric || "_.-~".utf8.contains(byte)
                    || (byte == UInt8(ascii: "/") && !isQuery)
                {
                    builder.append(Unicode.Scalar(byte), mark)
                } else if byte == 0x20, isQuery {
                    builder.append("+", mark)
                } else {
                    let digits = String(byte, radix: 16, uppercase: true)
                    builder.append("%" + (byte < 16 ? "0" : "") + digits, mark)
                }
            }
        }
        return builder.finish()
    }

    /// The attributes of an XML element.
    static let attributes: Filter = { value, arguments, budget throws(JinjaError) in
        let spaces = try arguments.bind("xmlattr", ["autospace"])[0].map(PythonLogic.isTrue) ?? true
        guard case .map(let map) = value else {
            if case .undefined(let undefined) = value { throw undefined.error }
            throw .runtime("xmlattr expects a dict")
        }
        var builder = TracedBuilder()
        for (place, key) in map.keys.enumerated()
        where !map.values[place].isNone && !map.values[place].isUndefined {
            let name = try StringMethods.textValue(key, "xmlattr")
            guard !name.bytes.contains(where: { [0x20, 9, 10, 11, 12, 13, 0x2F, 0x3E, 0x3D].contains($0) })
            else {
                throw .runtime("invalid character in attribute name '\(name.text)'")
            }
            let text = try PythonRepr.string(map.values[place], budget)
            try budget.allocate(text.bytes.count + name.bytes.count, times: 5)
            if spaces || !builder.bytes.isEmpty { builder.append(" ") }
            builder.append(Markup.html(name))
            builder.append("=\"")
            builder.append(Markup.html(text))
            builder.append("\"")
        }
        return .string(builder.finish())
    }
}
