/// `str.format` as the sandbox allows it: fields may name elements, and attributes that a template could read.
enum BraceFormat {
    static func format(
        _ format: TracedString, _ arguments: CallArguments, _ budget: RenderBudget
    ) throws(JinjaError) -> TracedString {
        var reader = Reader(format: format, arguments: arguments, budget: budget)
        return try reader.text(0..<format.bytes.count, nested: false)
    }

    private struct Reader {
        let format: TracedString
        let arguments: CallArguments
        let budget: RenderBudget
        var automatic = 0
        var isManual = false

        init(format: TracedString, arguments: CallArguments, budget: RenderBudget) {
            self.format = format
            self.arguments = arguments
            self.budget = budget
        }

        mutating func text(_ range: Range<Int>, nested: Bool) throws(JinjaError) -> TracedString {
            let bytes = format.bytes
            var builder = TracedBuilder()
            try budget.allocate(range.count)
            var place = range.lowerBound
            var plain = place
            while place < range.upperBound {
                let byte = bytes[place]
                guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") else {
                    place += 1
                    continue
                }
                builder.append(format, plain..<place)
                if place + 1 < range.upperBound, bytes[place + 1] == byte, !nested {
                    builder.append(format, place..<place + 1)
                    place += 2
                } else if byte == UInt8(ascii: "}") {
                    throw .runtime("Single '}' encountered in format string")
                } else {
                    let end = try fieldEnd(from: place + 1, range.upperBound)
                    builder.append(try field(place + 1..<end, nested: nested))
                    place = end + 1
                }
                plain = place
            }
            builder.append(format, plain..<range.upperBound)
            return builder.finish(markup: format.isMarkup)
        }

        private func fieldEnd(from start: Int, _ limit: Int) throws(JinjaError) -> Int {
            var depth = 1
            for place in start..<limit {
                if format.bytes[place] == UInt8(ascii: "{") { depth += 1 }
                if format.bytes[place] == UInt8(ascii: "}") { depth -= 1 }
                if depth == 0 { return place }
            }
            throw .runtime("expected '}' before end of string")
        }

        private mutating func field(_ range: Range<Int>, nested: Bool) throws(JinjaError) -> TracedString {
            let bytes = format.bytes
            var nameEnd = range.lowerBound
            var isInBracket = false
            while nameEnd < range.upperBound {
                let byte = bytes[nameEnd]
                if byte == UInt8(ascii: "[") { isInBracket = true }
                if byte == UInt8(ascii: "]") { isInBracket = false }
                if !isInBracket, byte == UInt8(ascii: ":") || byte == UInt8(ascii: "!") { break }
                nameEnd += 1
            }
            var value = try self.value(String(decoding: bytes[range.lowerBound..<nameEnd], as: UTF8.self))
            var place = nameEnd
            if place < range.upperBound, bytes[place] == UInt8(ascii: "!") {
                guard place + 1 < range.upperBound else {
                    throw .runtime("expected ':' after conversion specifier")
                }
                value = .string(
                    bytes[place + 1] == UInt8(ascii: "s")
                        ? try PythonRepr.string(value, budget) : try PythonRepr.repr(value, budget))
                guard "sra".utf8.contains(bytes[place + 1]) else {
                    throw .runtime("unknown conversion specifier")
                }
                place += 2
                guard place == range.upperBound || bytes[place] == UInt8(ascii: ":") else {
                    throw .runtime("expected ':' after conversion specifier")
                }
            }
            var specification = ""
            if place < range.upperBound {
                guard !nested else { throw .runtime("Max string recursion exceeded") }
                specification = try text(place + 1..<range.upperBound, nested: true).text
            }
            return try write(value, specification)
        }

        private func write(_ value: JinjaValue, _ text: String) throws(JinjaError) -> TracedString {
            let specification = try BraceSpecification.parse(text)
            switch value {
            case .string(let string):
                guard specification.type == nil || specification.type == "s" else {
                    throw .runtime("unknown format code for a string")
                }
                return try specification.laidOut(format.isMarkup ? Markup.html(string) : string, budget)
            case .bool where text.isEmpty || specification.type == "s": break
            case .int, .float, .bool:
                guard specification.type != "s" else {
                    throw .runtime("unknown format code 's' for a number")
                }
                if specification.type == "c", let code = PythonSequence.index(value) {
                    guard let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init) else {
                        throw .runtime("%c requires a code point")
                    }
                    return try specification.laidOut(TracedString(String(scalar)), budget)
                }
                return try specification.laidOut(PythonLogic.Number(value)!, budget)
            default: break
            }
            guard text.isEmpty else {
                throw .runtime("unsupported format string passed to \(value.typeName)")
            }
            let string = try PythonRepr.string(value, budget)
            return format.isMarkup ? Markup.html(string) : string
        }

        /// The value that a field name means: an argument, and attributes or elements of it.
        private mutating func value(_ name: String) throws(JinjaError) -> JinjaValue {
            let end = name.firstIndex { $0 == "." || $0 == "[" } ?? name.endIndex
            var value = try argument(String(name[..<end]))
            var rest = name[end...]
            while let first = rest.first {
                rest = rest.dropFirst()
                try budget.step()
                if first == "." {
                    let stop = rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
                    guard stop > rest.startIndex else { throw .runtime("empty attribute in format string") }
                    value = try PythonMember.attribute(value, String(rest[..<stop]), budget)
                    rest = rest[stop...]
                } else if first == "[" {
                    guard let stop = rest.firstIndex(of: "]"), stop > rest.startIndex else {
                        throw .runtime("missing ']' in format string")
                    }
                    let key = String(rest[..<stop])
                    value = try PythonMember.item(
                        value,
                        key.utf8.allSatisfy(\.isASCIIDigit) ? Int(key).map { .int($0) } ?? .none : .text(key),
                        budget)
                    rest = rest[rest.index(after: stop)...]
                } else {
                    throw .runtime("only '.' or '[' may follow ']' in format field specifier")
                }
            }
            return value
        }

        private mutating func argument(_ name: String) throws(JinjaError) -> JinjaValue {
            var index: Int?
            if name.isEmpty {
                guard !isManual else {
                    throw .runtime("cannot switch from manual to automatic field numbering")
                }
                index = automatic
                automatic += 1
            } else if name.utf8.allSatisfy(\.isASCIIDigit) {
                guard automatic == 0 else {
                    throw .runtime("cannot switch from automatic to manual field numbering")
                }
                isManual = true
                index = Int(name) ?? .max
            }
            if let index {
                guard index < arguments.positional.count else {
                    throw .runtime("there is no argument \(index) for the format string")
                }
                return arguments.positional[index]
            }
            try budget.step(arguments.keywords.count)
            guard let value = arguments.keywords.last(where: { $0.name == name })?.value else {
                throw .runtime("there is no argument '\(name)' for the format string")
            }
            return value
        }
    }
}

/// What stands behind the colon of a field: `[[fill]align][sign][#][0][width][,][.precision][type]`.
private enum BraceSpecification {
    static func parse(_ text: String) throws(JinjaError) -> FormatSpecification {
        let scalars = Array(text.unicodeScalars)
        var result = FormatSpecification()
        var place = 0
        let alignments: [Unicode.Scalar: FormatSpecification.Alignment] = [
            "<": .left, ">": .right, "^": .center, "=": .afterSign,
        ]
        if scalars.count > 1, let alignment = alignments[scalars[1]] {
            result.fill = scalars[0]
            result.alignment = alignment
            place = 2
        } else if let first = scalars.first, let alignment = alignments[first] {
            result.alignment = alignment
            place = 1
        }
        func accept(_ choices: [Unicode.Scalar]) -> Unicode.Scalar? {
            guard place < scalars.count, choices.contains(scalars[place]) else { return nil }
            place += 1
            return scalars[place - 1]
        }
        func number() throws(JinjaError) -> Int? {
            var value: Int?
            while place < scalars.count, let digit = UInt8(exactly: scalars[place].value), digit.isASCIIDigit
            {
                value = (value ?? 0) * 10 + Int(digit - 0x30)
                guard value! < 1 << 31 else { throw .runtime("too many decimal digits in format string") }
                place += 1
            }
            return value
        }
        if let sign = accept(["+", "-", " "]) { result.sign = sign }
        result.isAlternate = accept(["#"]) != nil
        if accept(["0"]) != nil, result.alignment == nil {
            result.fill = "0"
            result.alignment = .afterSign
        }
        result.width = try number() ?? 0
        result.grouping = accept([",", "_"])
        if accept(["."]) != nil {
            guard let precision = try number() else { throw .runtime("format specifier missing precision") }
            result.precision = precision
        }
        if place < scalars.count {
            result.type = scalars[place]
            place += 1
        }
        guard place == scalars.count else { throw .runtime("invalid format specifier '\(text)'") }
        return result
    }
}
