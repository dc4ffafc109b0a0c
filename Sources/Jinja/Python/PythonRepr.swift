/// `str` and `repr` of values. Characters of strings keep their authors; what Python puts around them is the template's.
enum PythonRepr {
    /// Python's `str`.
    static func string(_ value: JinjaValue, _ budget: RenderBudget) throws(JinjaError) -> TracedString {
        switch value {
        case .string(let text): return text
        case .undefined: return .empty
        default:
            var builder = TracedBuilder()
            try write(value, to: &builder, budget)
            return builder.finish()
        }
    }

    /// Python's `repr`.
    static func repr(_ value: JinjaValue, _ budget: RenderBudget) throws(JinjaError) -> TracedString {
        var builder = TracedBuilder()
        try write(value, to: &builder, budget)
        return builder.finish()
    }

    static func write(
        _ value: JinjaValue, to builder: inout TracedBuilder, _ budget: RenderBudget
    ) throws(JinjaError) {
        try budget.step()
        switch value {
        case .undefined: builder.append("Undefined")
        case .none: builder.append("None")
        case .bool(let flag): flag ? builder.append("True") : builder.append("False")
        case .int(let number): builder.append(String(number), .template)
        case .float(let number): builder.append(PythonFloat.repr(number), .template)
        case .string(let text):
            try budget.allocate(text.bytes.count)
            if text.isMarkup { builder.append("Markup(") }
            quote(text, to: &builder)
            if text.isMarkup { builder.append(")") }
        case .list(let list): try write(list.values, "[", "]", to: &builder, budget)
        case .tuple(let list):
            try write(list.values, "(", list.values.count == 1 ? ",)" : ")", to: &builder, budget)
        case .map(let map):
            try budget.enter(1)
            defer { budget.leave(1) }
            builder.append("{")
            for (place, key) in map.keys.enumerated() {
                if place > 0 { builder.append(", ") }
                try write(key, to: &builder, budget)
                builder.append(": ")
                try write(map.values[place], to: &builder, budget)
            }
            builder.append("}")
        case .object(let object): try object.write(to: &builder, budget)
        }
    }

    static func write(
        _ values: [JinjaValue], _ open: StaticString, _ close: StaticString, to builder: inout TracedBuilder,
        _ budget: RenderBudget
    ) throws(JinjaError) {
        try budget.enter(1)
        defer { budget.leave(1) }
        builder.append(open)
        for (place, value) in values.enumerated() {
            if place > 0 { builder.append(", ") }
            try write(value, to: &builder, budget)
        }
        builder.append(close)
    }

    /// A string in quotation marks, double ones only if it holds single ones and no double one.
    private static func quote(_ text: TracedString, to builder: inout TracedBuilder) {
        let bytes = text.bytes
        let quote: Unicode.Scalar =
            bytes.contains(UInt8(ascii: "'")) && !bytes.contains(UInt8(ascii: "\"")) ? "\"" : "'"
        builder.append(quote, .template)
        text.forEachRun(in: 0..<bytes.count) { range, mark in
            var plain = range.lowerBound
            var place = range.lowerBound
            while place < range.upperBound {
                let (scalar, length) = PythonText.scalar(bytes, place)
                if let escape = escape(scalar, quote) {
                    builder.append(text, plain..<place)
                    builder.append(escape, mark)
                    plain = place + length
                }
                place += length
            }
            builder.append(text, plain..<range.upperBound)
        }
        builder.append(quote, .template)
    }

    private static func escape(_ scalar: Unicode.Scalar, _ quote: Unicode.Scalar) -> String? {
        switch scalar {
        case "\\": return "\\\\"
        case quote: return "\\" + String(quote)
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            if PythonText.isPrintable(scalar) { return nil }
            let digits = String(scalar.value, radix: 16)
            let (letter, width) =
                scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
            return "\\" + letter + String(repeating: "0", count: width - digits.count) + digits
        }
    }
}
