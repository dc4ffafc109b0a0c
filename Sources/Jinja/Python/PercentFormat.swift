/// `format % values`, as the filter `format` uses it too.
enum PercentFormat {
    static func format(
        _ format: TracedString, _ values: JinjaValue, _ budget: RenderBudget
    ) throws(JinjaError) -> TracedString {
        var reader = Reader(format: format, values: values, budget: budget)
        return try reader.read()
    }

    private struct Reader {
        let format: TracedString
        let values: JinjaValue
        let budget: RenderBudget
        var place = 0
        var used = 0
        var builder = TracedBuilder()

        init(format: TracedString, values: JinjaValue, budget: RenderBudget) {
            self.format = format
            self.values = values
            self.budget = budget
        }

        private var bytes: [UInt8] { format.bytes }

        mutating func read() throws(JinjaError) -> TracedString {
            try budget.allocate(bytes.count)
            var plain = 0
            while place < bytes.count {
                guard bytes[place] == UInt8(ascii: "%") else {
                    place += 1
                    continue
                }
                builder.append(format, plain..<place)
                place += 1
                try directive()
                plain = place
            }
            builder.append(format, plain..<bytes.count)
            try checkAllUsed()
            return builder.finish(markup: format.isMarkup)
        }

        private func checkAllUsed() throws(JinjaError) {
            switch values {
            case .tuple(let list) where used >= list.values.count: return
            case .map, .list: return
            case .object(let object) where object.isSequence && used == 0: return
            case .undefined where used == 0: return
            default:
                if case .tuple = values {} else if used > 0 { return }
                throw .runtime("not all arguments converted during string formatting")
            }
        }

        private mutating func nextValue() throws(JinjaError) -> JinjaValue {
            defer { used += 1 }
            if case .tuple(let list) = values {
                guard used < list.values.count else {
                    throw .runtime("not enough arguments for format string")
                }
                return list.values[used]
            }
            guard used == 0 else { throw .runtime("not enough arguments for format string") }
            return values
        }

        private mutating func directive() throws(JinjaError) {
            var specification = FormatSpecification()
            let key = try mappingKey()
            var isLeft = false
            var hasZero = false
            while let byte = peek, "-+ #0".utf8.contains(byte) {
                switch byte {
                case UInt8(ascii: "-"): isLeft = true
                case UInt8(ascii: "+"): specification.sign = "+"
                case UInt8(ascii: " "): if specification.sign == "-" { specification.sign = " " }
                case UInt8(ascii: "#"): specification.isAlternate = true
                default: hasZero = true
                }
                place += 1
            }
            if let width = try number() {
                if width < 0 { isLeft = true }
                specification.width = Int(clamping: width.magnitude)
            }
            if peek == UInt8(ascii: ".") {
                place += 1
                specification.precision = max(try number() ?? 0, 0)
            }
            if let byte = peek, "hlL".utf8.contains(byte) { place += 1 }
            guard let type = peek else { throw .runtime("incomplete format") }
            place += 1
            if type == UInt8(ascii: "%") {
                builder.append("%", format.mark(at: place - 1))
                return
            }
            let value: JinjaValue
            if let key { value = key } else { value = try nextValue() }
            specification.alignment = isLeft ? .left : .right
            try write(value, Unicode.Scalar(type), &specification, hasZero: hasZero && !isLeft)
        }

        private mutating func write(
            _ value: JinjaValue, _ type: Unicode.Scalar, _ specification: inout FormatSpecification,
            hasZero: Bool
        ) throws(JinjaError) {
            switch type {
            case "s", "r", "a":
                var text =
                    type == "s" ? try PythonRepr.string(value, budget) : try PythonRepr.repr(value, budget)
                if format.isMarkup { text = Markup.html(text) }
                builder.append(try specification.laidOut(text, budget))
            case "c":
                if case .string(let text) = value, text.count == 1 {
                    builder.append(try specification.laidOut(text, budget))
                } else if let code = PythonSequence.index(value),
                    let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init)
                {
                    builder.append(try specification.laidOut(TracedString(String(scalar)), budget))
                } else {
                    throw .runtime("%c requires a code point or a character")
                }
            case "d", "i", "u", "x", "X", "o", "e", "E", "f", "F", "g", "G":
                var number = try numeric(value, type)
                if ["d", "i", "u"].contains(type) {
                    specification.type = "d"
                    if case .float(let float) = number { number = .int(try whole(float)) }
                } else {
                    specification.type = type
                }
                if hasZero {
                    specification.fill = "0"
                    specification.alignment = .afterSign
                }
                builder.append(try specification.laidOut(number, budget))
            default: throw .runtime("unsupported format character '\(type)'")
            }
        }

        private func numeric(_ value: JinjaValue, _ type: Unicode.Scalar) throws(JinjaError)
            -> PythonLogic.Number
        {
            guard let number = PythonLogic.Number(value) else {
                if case .undefined(let value) = value { throw value.error }
                throw .runtime("%\(type) requires a number, not \(value.typeName)")
            }
            return number
        }

        private func whole(_ number: Double) throws(JinjaError) -> Int {
            guard number.isFinite else { throw .runtime("\(number) has no integer") }
            guard let whole = Int(exactly: number.rounded(.towardZero)) else {
                throw JinjaError(.limit, "the integer does not fit in 64 bits")
            }
            return whole
        }

        /// The value of `%(key)`, nil if there is none.
        private mutating func mappingKey() throws(JinjaError) -> JinjaValue? {
            guard peek == UInt8(ascii: "(") else { return nil }
            var depth = 1
            let start = place + 1
            place = start
            while place < bytes.count {
                if bytes[place] == UInt8(ascii: "(") { depth += 1 }
                if bytes[place] == UInt8(ascii: ")") { depth -= 1 }
                if depth == 0 { break }
                place += 1
            }
            guard depth == 0 else { throw .runtime("incomplete format key") }
            guard case .map(let map) = values else { throw .runtime("format requires a mapping") }
            let key = Array(bytes[start..<place])
            place += 1
            guard let value = map[key] else {
                throw .runtime("no key '\(String(decoding: key, as: UTF8.self))'")
            }
            return value
        }

        private mutating func number() throws(JinjaError) -> Int? {
            if peek == UInt8(ascii: "*") {
                place += 1
                return try StringMethods.integer(try nextValue(), "%*")
            }
            var value: Int?
            while let byte = peek, byte.isASCIIDigit {
                value = (value ?? 0) * 10 + Int(byte - 0x30)
                guard value! < 1 << 31 else { throw .runtime("width too big") }
                place += 1
            }
            return value
        }

        private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }
    }
}
