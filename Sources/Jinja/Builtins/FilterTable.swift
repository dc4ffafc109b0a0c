/// A filter: a function of a value and arguments.
typealias Filter = @Sendable (JinjaValue, CallArguments, RenderBudget) throws(JinjaError) -> JinjaValue

/// Jinja's filters, with the `tojson` of transformers.
enum FilterTable {
    static func filter(_ name: String) -> Filter? { table[name] }

    private static let table: [String: Filter] = [
        textFilters, sequenceFilters, numberFilters, valueFilters,
    ].reduce(into: [:]) { $0.merge($1) { first, _ in first } }

    private static let textFilters: [String: Filter] = [
        "capitalize": TextFilters.change { $0.capitalized }, "lower": TextFilters.change { $0.lowercased },
        "upper": TextFilters.change { $0.uppercased }, "title": TextFilters.title,
        "trim": TextFilters.trim, "center": TextFilters.center, "indent": TextFilters.indent,
        "replace": TextFilters.replace, "truncate": TextFilters.truncate, "wordcount": TextFilters.wordCount,
        "wordwrap": TextFilters.wordWrap, "format": TextFilters.format, "string": TextFilters.string,
        "escape": TextFilters.escape, "e": TextFilters.escape, "forceescape": TextFilters.forceEscape,
        "safe": TextFilters.safe, "striptags": TextFilters.stripTags, "urlencode": TextFilters.urlEncode,
        "xmlattr": TextFilters.attributes, "tojson": TextFilters.json, "join": TextFilters.join,
    ]

    private static let sequenceFilters: [String: Filter] = [
        "first": SequenceFilters.first, "last": SequenceFilters.last, "length": SequenceFilters.length,
        "count": SequenceFilters.length, "list": SequenceFilters.list, "reverse": SequenceFilters.reverse,
        "sort": SequenceFilters.sort, "dictsort": SequenceFilters.sortMap, "unique": SequenceFilters.unique,
        "min": SequenceFilters.least, "max": SequenceFilters.greatest, "sum": SequenceFilters.sum,
        "groupby": SequenceFilters.group, "batch": SequenceFilters.batch, "slice": SequenceFilters.slice,
        "map": SelectionFilters.map, "select": SelectionFilters.select, "reject": SelectionFilters.reject,
        "selectattr": SelectionFilters.selectAttribute, "rejectattr": SelectionFilters.rejectAttribute,
        "items": SequenceFilters.items,
        "random": refused("random", "its result differs from render to render"),
    ]

    private static let numberFilters: [String: Filter] = [
        "abs": NumberFilters.absolute, "int": NumberFilters.integer, "float": NumberFilters.float,
        "round": NumberFilters.round, "filesizeformat": NumberFilters.fileSize,
    ]

    private static let valueFilters: [String: Filter] = [
        "default": ValueFilters.standard, "d": ValueFilters.standard, "attr": ValueFilters.attribute,
        "pprint": refused("pprint", "it is a tool for debugging"),
        "urlize": refused("urlize", "it writes HTML links"),
    ]

    private static func refused(_ name: String, _ reason: String) -> Filter {
        { _, _, _ throws(JinjaError) in
            throw JinjaError(.syntax, "the filter '\(name)' is not supported: \(reason)")
        }
    }
}

/// Filters that choose among values.
enum ValueFilters {
    static let standard: Filter = { value, arguments, _ throws(JinjaError) in
        let given = try arguments.bind("default", ["default_value", "boolean"])
        let replacesFalse = given[1].map(PythonLogic.isTrue) ?? false
        guard value.isUndefined || (replacesFalse && !PythonLogic.isTrue(value)) else { return value }
        return given[0] ?? .string(.empty)
    }

    static let attribute: Filter = { value, arguments, budget throws(JinjaError) in
        guard case .string(let name)? = try arguments.bind("attr", ["name"], required: 1)[0] else {
            throw .runtime("attr expects a name")
        }
        if case .undefined(let undefined) = value { throw undefined.error }
        let found = try PythonMember.attribute(value, name.text, budget)
        // Unlike `value.name` it does not look for an element.
        if case .map(let map) = value, map[name.bytes] != nil, MapMethods.method(map, name.text) == nil {
            return .undefined(UndefinedValue(.member, name.text))
        }
        return found
    }
}
