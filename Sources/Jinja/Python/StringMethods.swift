/// The methods of Python's `str` that a template can call.
enum StringMethods {
    typealias Method = @Sendable (TracedString, CallArguments, RenderBudget) throws(JinjaError) -> JinjaValue

    static func method(_ name: String) -> Method? { table[name] }

    private static let table: [String: Method] = [
        "capitalize": change("capitalize") { $0.capitalized },
        "casefold": change("casefold") { $0.casefolded },
        "lower": change("lower") { $0.lowercased },
        "upper": change("upper") { $0.uppercased },
        "swapcase": change("swapcase") { $0.swappedCase },
        "title": change("title") { $0.titlecased },
        "isalnum": question("isalnum") { $0.all(PythonText.isAlphanumeric) },
        "isalpha": question("isalpha") { $0.all(PythonText.isAlpha) },
        "isascii": question("isascii") { $0.isASCII },
        "isdecimal": question("isdecimal") { $0.all(PythonText.isDecimal) },
        "isdigit": question("isdigit") { $0.all(PythonText.isDigit) },
        "isidentifier": question("isidentifier") { $0.isIdentifier },
        "islower": question("islower") { $0.isLowercase },
        "isnumeric": question("isnumeric") { $0.all(PythonText.isNumeric) },
        "isprintable": question("isprintable") { $0.scalars.allSatisfy(PythonText.isPrintable) },
        "isspace": question("isspace") { $0.all(PythonText.isSpace) },
        "istitle": question("istitle") { $0.isTitlecase },
        "isupper": question("isupper") { $0.isUppercase },
        "strip": strip(left: true, right: true), "lstrip": strip(left: true, right: false),
        "rstrip": strip(left: false, right: true),
        "split": split(fromEnd: false), "rsplit": split(fromEnd: true),
        "splitlines": splitLines, "partition": partition(fromEnd: false),
        "rpartition": partition(fromEnd: true),
        "startswith": affix("startswith", isPrefix: true), "endswith": affix("endswith", isPrefix: false),
        "removeprefix": remove("removeprefix", isPrefix: true),
        "removesuffix": remove("removesuffix", isPrefix: false),
        "replace": replace, "join": join, "count": count,
        "find": find("find", fromEnd: false, mustExist: false),
        "rfind": find("rfind", fromEnd: true, mustExist: false),
        "index": find("index", fromEnd: false, mustExist: true),
        "rindex": find("rindex", fromEnd: true, mustExist: true),
        "ljust": pad("ljust", .left), "rjust": pad("rjust", .right), "center": pad("center", .center),
        "zfill": zeroFill, "expandtabs": expandTabs, "format": format, "format_map": formatMap,
        "encode": { _, _, _ throws(JinjaError) in
            throw JinjaError(.syntax, "encode makes bytes, which this interpreter does not have")
        },
        "translate": { _, _, _ throws(JinjaError) in
            throw JinjaError(.syntax, "str.translate is not supported")
        },
        "maketrans": { _, _, _ throws(JinjaError) in
            throw JinjaError(.syntax, "str.maketrans is not supported")
        },
    ]

    // MARK: - Kinds of methods

    private static func change(
        _ name: String, _ body: @escaping @Sendable (TracedString) -> TracedString
    ) -> Method {
        { text, arguments, budget throws(JinjaError) in
            _ = try arguments.positional(name, 0...0)
            try budget.allocate(text.bytes.count, times: 3)
            try budget.step(text.isASCII ? 0 : text.bytes.count / 4)
            return .string(body(text))
        }
    }

    private static func question(_ name: String, _ body: @escaping @Sendable (TracedString) -> Bool) -> Method
    {
        { text, arguments, budget throws(JinjaError) in
            _ = try arguments.positional(name, 0...0)
            try budget.step(text.bytes.count / 8)
            return .bool(body(text))
        }
    }

    private static func strip(left: Bool, right: Bool) -> Method {
        { text, arguments, budget throws(JinjaError) in
            let values = try arguments.positional("strip", 0...1)
            return .string(
                try text.stripped(try optionalText(values.first, "strip"), left: left, right: right, budget))
        }
    }

    private static func split(fromEnd: Bool) -> Method {
        { text, arguments, budget throws(JinjaError) in
            let values = try arguments.bind("split", ["sep", "maxsplit"])
            let limit = try values[1].map { (value) throws(JinjaError) in try integer(value, "split") } ?? -1
            let parts = try text.split(
                try optionalText(values[0], "split"), limit: limit < 0 ? nil : limit, fromEnd: fromEnd, budget
            )
            return try .list(parts.map { .string($0) })
        }
    }

    private static let splitLines: Method = { text, arguments, budget throws(JinjaError) in
        let keepEnds = try arguments.bind("splitlines", ["keepends"])[0].map(PythonLogic.isTrue) ?? false
        return try .list(try text.lines(keepEnds: keepEnds, budget).map { .string($0) })
    }

    private static func partition(fromEnd: Bool) -> Method {
        { text, arguments, budget throws(JinjaError) in
            let given = try textValue(try arguments.positional("partition", 1...1)[0], "partition")
            guard !given.isEmpty else { throw .runtime("empty separator") }
            let range =
                fromEnd
                ? try text.lastRange(of: given, to: text.bytes.count, budget)
                : try text.firstRange(of: given, from: 0, budget)
            try budget.allocate(text.bytes.count)
            let empty = TracedString.empty.markup(text.isMarkup)
            guard let range else {
                let parts = fromEnd ? [empty, empty, text] : [text, empty, empty]
                return .tuple(try JinjaList(parts.map { .string($0) }))
            }
            // What is found is the text's own, also where the separator is another's.
            let parts = [
                text.slice(0..<range.lowerBound), text.slice(range),
                text.slice(range.upperBound..<text.bytes.count),
            ]
            return .tuple(try JinjaList(parts.map { .string($0) }))
        }
    }

    private static func affix(_ name: String, isPrefix: Bool) -> Method {
        { text, arguments, budget throws(JinjaError) in
            let values = try arguments.positional(name, 1...3)
            guard let range = try part(of: text, values.dropFirst(), name) else { return .bool(false) }
            let within = range.count == text.bytes.count ? text : text.slice(range)
            func matches(_ value: JinjaValue) throws(JinjaError) -> Bool {
                let affix = try textValue(value, name)
                try budget.step(affix.bytes.count / 64 + 1)
                return isPrefix ? within.hasPrefix(affix) : within.hasSuffix(affix)
            }
            guard case .tuple(let choices) = values[0] else { return .bool(try matches(values[0])) }
            for choice in choices.values where try matches(choice) { return .bool(true) }
            return .bool(false)
        }
    }

    private static func remove(_ name: String, isPrefix: Bool) -> Method {
        { text, arguments, budget throws(JinjaError) in
            let affix = try textValue(try arguments.positional(name, 1...1)[0], name)
            try budget.allocate(text.bytes.count)
            guard isPrefix ? text.hasPrefix(affix) : text.hasSuffix(affix) else { return .string(text) }
            let count = affix.bytes.count
            return .string(text.slice(isPrefix ? count..<text.bytes.count : 0..<text.bytes.count - count))
        }
    }

    private static let replace: Method = { text, arguments, budget throws(JinjaError) in
        let values = try arguments.positional("replace", 2...3)
        let limit = values.count > 2 ? try integer(values[2], "replace") : -1
        let (old, new) = (try textValue(values[0], "replace"), try textValue(values[1], "replace"))
        return .string(
            try text.replacing(
                text.isMarkup ? Markup.html(old) : old, text.isMarkup ? Markup.html(new) : new,
                limit: limit < 0 ? nil : limit, budget))
    }

    private static let join: Method = { text, arguments, budget throws(JinjaError) in
        let values = try PythonSequence.elements(try arguments.positional("join", 1...1)[0], budget)
        var parts: [TracedString] = []
        for value in values {
            if text.isMarkup {
                parts.append(Markup.html(try PythonRepr.string(value, budget)))
            } else {
                guard case .string(let part) = value else {
                    throw .runtime("join expects strings, found \(value.typeName)")
                }
                parts.append(part)
            }
        }
        return .string(try text.joining(parts, budget))
    }

    private static let count: Method = { text, arguments, budget throws(JinjaError) in
        let values = try arguments.positional("count", 1...3)
        let wanted = try textValue(values[0], "count")
        guard let range = try part(of: text, values.dropFirst(), "count") else { return .int(0) }
        if wanted.isEmpty { return .int(text.slice(range).count + 1) }
        return .int(try text.slice(range).ranges(of: wanted, limit: nil, budget).count)
    }

    private static func find(_ name: String, fromEnd: Bool, mustExist: Bool) -> Method {
        { text, arguments, budget throws(JinjaError) in
            let values = try arguments.positional(name, 1...3)
            let wanted = try textValue(values[0], name)
            if let range = try part(of: text, values.dropFirst(), name) {
                let found =
                    fromEnd
                    ? try text.lastRange(of: wanted, from: range.lowerBound, to: range.upperBound, budget)
                    : try text.firstRange(of: wanted, from: range.lowerBound, to: range.upperBound, budget)
                if let found {
                    if !text.isASCII { try budget.step(text.bytes.count / 32) }
                    return .int(text.index(at: found.lowerBound))
                }
            }
            if mustExist { throw .runtime("substring not found") }
            return .int(-1)
        }
    }

    private static func pad(_ name: String, _ side: TracedString.Side) -> Method {
        { text, arguments, budget throws(JinjaError) in
            let values = try arguments.positional(name, 1...2)
            let fill = values.count > 1 ? try textValue(values[1], name) : TracedString(" ")
            return .string(try text.padded(side, width: try integer(values[0], name), with: fill, budget))
        }
    }

    private static let zeroFill: Method = { text, arguments, budget throws(JinjaError) in
        let width = try integer(try arguments.positional("zfill", 1...1)[0], "zfill")
        guard let first = text.bytes.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") else {
            return .string(try text.padded(.right, width: width, with: TracedString("0"), budget))
        }
        let digits = text.slice(1..<text.bytes.count)
        guard width > 0 else { return .string(text) }
        return .string(
            text.slice(0..<1) + (try digits.padded(.right, width: width - 1, with: TracedString("0"), budget))
        )
    }

    private static let expandTabs: Method = { text, arguments, budget throws(JinjaError) in
        let size =
            try arguments.bind("expandtabs", ["tabsize"])[0].map { (value) throws(JinjaError) in
                try integer(value, "expandtabs")
            } ?? 8
        var builder = TracedBuilder()
        var column = 0
        var place = 0
        while place < text.bytes.count {
            let (scalar, length) = PythonText.scalar(text.bytes, place)
            if scalar == "\t" {
                let count = size > 0 ? size - column % size : 0
                try budget.allocate(count)
                builder.append(TracedString(bytes: [0x20], mark: text.mark(at: place)), times: count)
                column += count
            } else {
                builder.append(text, place..<place + length)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
            place += length
        }
        try budget.allocate(text.bytes.count, times: 4)
        return .string(builder.finish(markup: text.isMarkup))
    }

    private static let format: Method = { text, arguments, budget throws(JinjaError) in
        .string(try BraceFormat.format(text, arguments, budget))
    }

    private static let formatMap: Method = { text, arguments, budget throws(JinjaError) in
        guard case .map(let map) = try arguments.positional("format_map", 1...1)[0] else {
            throw .runtime("format_map expects a dict")
        }
        var keywords: [(name: String, value: JinjaValue)] = []
        for (place, key) in map.keys.enumerated() {
            if case .string(let name) = key { keywords.append((name.text, map.values[place])) }
        }
        return .string(try BraceFormat.format(text, CallArguments(keywords: keywords), budget))
    }

    // MARK: - Arguments

    static func textValue(_ value: JinjaValue, _ method: String) throws(JinjaError) -> TracedString {
        guard case .string(let text) = value else {
            throw .runtime("\(method) expects a string, not \(value.typeName)")
        }
        return text
    }

    private static func optionalText(_ value: JinjaValue?, _ method: String) throws(JinjaError)
        -> TracedString?
    {
        guard let value, !value.isNone else { return nil }
        return try textValue(value, method)
    }

    static func integer(_ value: JinjaValue, _ method: String) throws(JinjaError) -> Int {
        guard let number = PythonSequence.index(value) else {
            throw .runtime("\(method) expects an integer, not \(value.typeName)")
        }
        return number
    }

    /// The bytes between optional indices `start` and `end`, nil if the start lies behind the text.
    private static func part(
        of text: TracedString, _ bounds: ArraySlice<JinjaValue>, _ method: String
    ) throws(JinjaError) -> Range<Int>? {
        let given = Array(bounds)
        guard !given.isEmpty else { return 0..<text.bytes.count }
        let count = text.count
        func index(_ place: Int, _ standard: Int) throws(JinjaError) -> Int {
            guard given.indices.contains(place), !given[place].isNone else { return standard }
            let index = try integer(given[place], method)
            return index < 0 ? max(index + count, 0) : index
        }
        let (start, end) = (try index(0, 0), min(try index(1, count), count))
        guard start <= end else { return nil }
        return text.offset(of: start)..<text.offset(of: end)
    }
}
