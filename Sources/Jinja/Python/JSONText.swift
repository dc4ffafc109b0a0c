/// `json.dumps` of Python, as the filter `tojson` of transformers calls it.
///
/// Characters of strings keep their authors, and so do the escapes that stand for them. The rest is the template's.
struct JSONText {
    var ensuresASCII = false
    /// What a level is indented with; nil writes one line.
    var indentation: TracedString?
    var itemSeparator = TracedString(", ")
    var keySeparator = TracedString(": ")
    var sortsKeys = false

    func dump(_ value: JinjaValue, _ budget: RenderBudget) throws(JinjaError) -> TracedString {
        var builder = TracedBuilder()
        try write(value, 0, to: &builder, budget)
        return builder.finish()
    }

    private func write(
        _ value: JinjaValue, _ level: Int, to builder: inout TracedBuilder, _ budget: RenderBudget
    ) throws(JinjaError) {
        try budget.step()
        switch value {
        case .none: builder.append("null")
        case .bool(let flag): flag ? builder.append("true") : builder.append("false")
        case .int(let number): builder.append(String(number), .template)
        case .float(let number): builder.append(Self.float(number), .template)
        case .string(let text): try quote(text, to: &builder, budget)
        case .list(let list), .tuple(let list):
            if list.values.isEmpty { return builder.append("[]") }
            try budget.enter(1)
            defer { budget.leave(1) }
            builder.append("[")
            for (place, value) in list.values.enumerated() {
                try separate(place, level + 1, to: &builder, budget)
                try write(value, level + 1, to: &builder, budget)
            }
            try breakLine(level, to: &builder, budget)
            builder.append("]")
        case .map(let map): try write(map, level, to: &builder, budget)
        case .undefined, .object:
            throw .runtime("an object of type \(value.typeName) is not JSON serializable")
        }
    }

    private func write(
        _ map: JinjaMap, _ level: Int, to builder: inout TracedBuilder, _ budget: RenderBudget
    ) throws(JinjaError) {
        if map.count == 0 { return builder.append("{}") }
        var places = Array(0..<map.count)
        if sortsKeys {
            places = try PythonSort.sorted(places, budget) { (place) throws(JinjaError) in map.keys[place] }
        }
        try budget.enter(1)
        defer { budget.leave(1) }
        builder.append("{")
        for (number, place) in places.enumerated() {
            try separate(number, level + 1, to: &builder, budget)
            try quote(try Self.key(map.keys[place]), to: &builder, budget)
            builder.append(keySeparator)
            try write(map.values[place], level + 1, to: &builder, budget)
        }
        try breakLine(level, to: &builder, budget)
        builder.append("}")
    }

    private static func key(_ key: JinjaValue) throws(JinjaError) -> TracedString {
        switch key {
        case .string(let text): return text
        case .none: return TracedString("null")
        case .bool(let flag): return TracedString(flag ? "true" : "false")
        case .int(let number): return TracedString(String(number))
        case .float(let number): return TracedString(float(number))
        default: throw .runtime("keys must be str, int, float, bool or None, not \(key.typeName)")
        }
    }

    private static func float(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        return PythonFloat.repr(number)
    }

    private func separate(
        _ place: Int, _ level: Int, to builder: inout TracedBuilder, _ budget: RenderBudget
    ) throws(JinjaError) {
        if place > 0 {
            try budget.allocate(itemSeparator.bytes.count)
            builder.append(itemSeparator)
        }
        try breakLine(level, to: &builder, budget)
    }

    private func breakLine(_ level: Int, to builder: inout TracedBuilder, _ budget: RenderBudget)
        throws(JinjaError)
    {
        guard let indentation else { return }
        builder.append("\n")
        try budget.allocate(indentation.bytes.count, times: level)
        builder.append(indentation, times: level)
    }

    private func quote(
        _ text: TracedString, to builder: inout TracedBuilder, _ budget: RenderBudget
    ) throws(JinjaError) {
        try budget.allocate(text.bytes.count)
        builder.append("\"")
        text.forEachRun(in: 0..<text.bytes.count) { range, mark in
            var plain = range.lowerBound
            var place = plain
            while place < range.upperBound {
                let byte = text.bytes[place]
                if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"),
                    byte < 0x80 || !ensuresASCII
                {
                    place += 1
                    continue
                }
                let (scalar, length) = PythonText.scalar(text.bytes, place)
                builder.append(text, plain..<place)
                builder.append(Self.escape(scalar), mark)
                place += length
                plain = place
            }
            builder.append(text, plain..<range.upperBound)
        }
        builder.append("\"")
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{8}": return "\\b"
        case "\u{C}": return "\\f"
        default:
            return String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }
    }
}
