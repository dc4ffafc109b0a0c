/// Filters that make text.
enum TextFilters {
    static func change(_ body: @escaping @Sendable (TracedString) -> TracedString) -> Filter {
        { value, arguments, budget throws(JinjaError) in
            _ = try arguments.positional("the filter", 0...0)
            let text = try PythonRepr.string(value, budget)
            try budget.allocate(text.bytes.count, times: 3)
            try budget.step(text.isASCII ? 0 : text.bytes.count / 4)
            return .string(body(text))
        }
    }

    static let string: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("string", 0...0)
        return .string(try PythonRepr.string(value, budget))
    }

    static let trim: Filter = { value, arguments, budget throws(JinjaError) in
        let characters = try arguments.bind("trim", ["chars"])[0]
        let set = try characters.flatMap { (value) throws(JinjaError) -> TracedString? in
            value.isNone ? nil : try StringMethods.textValue(value, "trim")
        }
        return .string(try PythonRepr.string(value, budget).stripped(set, budget))
    }

    static let center: Filter = { value, arguments, budget throws(JinjaError) in
        let width = try integer(try arguments.bind("center", ["width"])[0], "center") ?? 80
        return .string(try PythonRepr.string(value, budget).padded(.center, width: width, budget))
    }

    /// Jinja's own: words also begin behind brackets and hyphens.
    static let title: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("title", 0...0)
        let text = try PythonRepr.string(value, budget)
        try budget.allocate(text.bytes.count, times: 8)
        var builder = TracedBuilder()
        var place = 0
        func isBetween(_ scalar: Unicode.Scalar) -> Bool {
            PythonText.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar)
        }
        while place < text.bytes.count {
            let (first, length) = PythonText.scalar(text.bytes, place)
            let separates = isBetween(first)
            let rest = PythonText.strip(text.bytes, place..<text.bytes.count, left: true, right: false) {
                isBetween($0) == separates
            }
            let start = place + length
            builder.append(text.slice(place..<start).uppercased)
            builder.append(text.slice(start..<rest.lowerBound).lowercased)
            place = rest.lowerBound
        }
        return .string(builder.finish())
    }

    static let replace: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("replace", ["old", "new", "count"], required: 2)
        let limit = try integer(given[2], "replace") ?? -1
        // Its `str` makes plain text of HTML.
        let text = try PythonRepr.string(value, budget).markup(false)
        return .string(
            try text.replacing(
                try PythonRepr.string(given[0]!, budget), try PythonRepr.string(given[1]!, budget),
                limit: limit < 0 ? nil : limit, budget))
    }

    static let format: Filter = { value, arguments, budget throws(JinjaError) in
        guard arguments.positional.isEmpty || arguments.keywords.isEmpty else {
            throw .runtime("format cannot handle positional and keyword arguments at the same time")
        }
        let values: JinjaValue
        if arguments.keywords.isEmpty {
            values = .tuple(try JinjaList(arguments.positional))
        } else {
            values = .map(try JinjaMap(arguments.keywords.map { (.text($0.name), $0.value) }))
        }
        return .string(try PercentFormat.format(try PythonRepr.string(value, budget), values, budget))
    }

    static let indent: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("indent", ["width", "first", "blank"])
        let text = try textOnly(value, "indent")
        let indentation: TracedString
        if case .string(let width)? = given[0] {
            indentation = width
        } else {
            let width = max(try integer(given[0], "indent") ?? 4, 0)
            try budget.allocate(width)
            indentation = TracedString(bytes: Array(repeating: 0x20, count: width), mark: .template)
        }
        let indentsFirst = given[1].map(PythonLogic.isTrue) ?? false
        let indentsBlank = given[2].map(PythonLogic.isTrue) ?? false
        let lines = try (text + TracedString("\n")).lines(keepEnds: false, budget)
        try budget.allocate(lines.count, times: indentation.bytes.count + 1 + 16 * indentation.runs.count)
        try budget.allocate(text.bytes.count)
        var builder = TracedBuilder()
        for (place, line) in lines.enumerated() {
            if place > 0 { builder.append("\n") }
            if place == 0 ? indentsFirst : indentsBlank || !line.isEmpty { builder.append(indentation) }
            builder.append(line)
        }
        return .string(builder.finish(markup: text.isMarkup))
    }

    static let truncate: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("truncate", ["length", "killwords", "end", "leeway"])
        let length = try integer(given[0], "truncate") ?? 255
        let end =
            try given[2].map { (value) throws(JinjaError) in try StringMethods.textValue(value, "truncate") }
            ?? TracedString("...")
        let leeway = given[3]?.isNone ?? true ? 5 : try integer(given[3], "truncate")!
        guard length >= end.count, leeway >= 0 else {
            throw .runtime("expected length >= \(end.count) and leeway >= 0")
        }
        let (limit, overflows) = length.addingReportingOverflow(leeway)
        if case .string(let text) = value { try budget.step(text.bytes.count / 16) }
        let count = try PythonSequence.length(value)
        if overflows || count <= limit { return value }
        let text = try textOnly(value, "truncate")
        try budget.allocate(text.bytes.count + end.bytes.count)
        let cut = text.slice(0..<text.offset(of: length - end.count))
        if given[1].map(PythonLogic.isTrue) ?? false { return .string(cut + end) }
        return .string(try cut.split(TracedString(" "), limit: 1, fromEnd: true, budget)[0] + end)
    }

    static let wordCount: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("wordcount", 0...0)
        let text = try PythonRepr.string(value, budget)
        try budget.step(text.bytes.count / 8)
        var count = 0
        var isInWord = false
        for scalar in text.scalars {
            let isWord = PythonText.isWord(scalar)
            if isWord, !isInWord { count += 1 }
            isInWord = isWord
        }
        return .int(count)
    }

    static let join: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("join", ["d", "attribute"])
        let separator =
            try given[0].map { (value) throws(JinjaError) in try PythonRepr.string(value, budget) } ?? .empty
        let path = try AttributePath(given[1])
        let values = try PythonSequence.iterator(value)
        var parts: [TracedString] = []
        while let value = try values.next() {
            try budget.allocateList(1)
            try budget.step()
            parts.append(try PythonRepr.string(try path.value(of: value, budget), budget))
        }
        return .string(try separator.markup(false).joining(parts, budget))
    }

    static let json: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
        var writer = JSONText()
        writer.ensuresASCII = given[0].map(PythonLogic.isTrue) ?? false
        writer.sortsKeys = given[3].map(PythonLogic.isTrue) ?? false
        switch given[1] {
        case nil, .none?: break
        case .string(let text)?: writer.indentation = text
        case .some(let value):
            let width = max(try StringMethods.integer(value, "tojson"), 0)
            try budget.allocate(width)
            writer.indentation = TracedString(bytes: Array(repeating: 0x20, count: width), mark: .template)
        }
        if writer.indentation != nil { writer.itemSeparator = TracedString(",") }
        if let separators = given[2], !separators.isNone {
            let pair = try PythonSequence.elements(separators, budget)
            guard pair.count == 2 else { throw .runtime("separators are two strings") }
            writer.itemSeparator = try StringMethods.textValue(pair[0], "tojson")
            writer.keySeparator = try StringMethods.textValue(pair[1], "tojson")
        }
        return .string(try writer.dump(value, budget))
    }

    // MARK: - Arguments

    static func integer(_ value: JinjaValue?, _ filter: String) throws(JinjaError) -> Int? {
        guard let value, !value.isNone else { return nil }
        return try StringMethods.integer(value, filter)
    }

    static func textOnly(_ value: JinjaValue, _ filter: String) throws(JinjaError) -> TracedString {
        if case .undefined(let undefined) = value { throw undefined.error }
        return try StringMethods.textValue(value, filter)
    }
}
