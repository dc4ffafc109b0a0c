/// Filters that apply others to each element. As in Python they work when elements are asked for.
enum SelectionFilters {
    static let map: Filter = { value, arguments, budget throws(JinjaError) in
        guard PythonLogic.isTrue(value) else { return .object(ListIterator([])) }
        let body: Body
        do throws(JinjaError) { body = try mapping(arguments, budget) } catch {
            return .object(FailingIterator(error))
        }
        return try lazily(value, body.depth) { (value) throws(JinjaError) in
            try budget.step()
            return try body.apply(value)
        }
    }

    static let select: Filter = choosing(keeps: true, hasAttribute: false)
    static let reject: Filter = choosing(keeps: false, hasAttribute: false)
    static let selectAttribute: Filter = choosing(keeps: true, hasAttribute: true)
    static let rejectAttribute: Filter = choosing(keeps: false, hasAttribute: true)

    private struct Body {
        var depth: Int
        var apply: (JinjaValue) throws(JinjaError) -> JinjaValue
    }

    private static func lazily(
        _ value: JinjaValue, _ depth: Int, _ body: @escaping (JinjaValue) throws(JinjaError) -> JinjaValue?
    ) throws(JinjaError) -> JinjaValue {
        let elements: ValueIterator
        do throws(JinjaError) { elements = try PythonSequence.iterator(value) } catch {
            return .object(FailingIterator(error))
        }
        return .object(try MappedIterator(elements, depth: depth, body))
    }

    private static func mapping(_ arguments: CallArguments, _ budget: RenderBudget) throws(JinjaError) -> Body
    {
        if arguments.positional.isEmpty,
            let attribute = arguments.keywords.first(where: { $0.name == "attribute" })
        {
            var standard: JinjaValue?
            for (name, value) in arguments.keywords where name != "attribute" {
                guard name == "default" else { throw .runtime("map has no argument '\(name)'") }
                standard = value.isNone ? nil : value
            }
            let path = try AttributePath(attribute.value)
            let standardValue = standard
            return Body(depth: standardValue?.depth ?? 0) { (value) throws(JinjaError) in
                try path.value(of: value, default: standardValue, budget)
            }
        }
        guard case .string(let name)? = arguments.positional.first else {
            throw .runtime("map requires a filter")
        }
        guard let filter = FilterTable.filter(name.text) else {
            throw .runtime("no filter named '\(name.text)'")
        }
        let rest = CallArguments(
            positional: Array(arguments.positional.dropFirst()), keywords: arguments.keywords)
        return Body(depth: rest.depth) { (value) throws(JinjaError) in try filter(value, rest, budget) }
    }

    private static func choosing(keeps: Bool, hasAttribute: Bool) -> Filter {
        { value, arguments, budget throws(JinjaError) in
            var rest = arguments
            var path = try AttributePath(nil)
            guard PythonLogic.isTrue(value) else { return .object(ListIterator([])) }
            if hasAttribute {
                guard !rest.positional.isEmpty else {
                    return .object(FailingIterator(.runtime("the attribute's name is missing")))
                }
                path = try AttributePath(rest.positional.removeFirst())
            }
            var test: Test?
            if !rest.positional.isEmpty {
                guard case .string(let name) = rest.positional.removeFirst(),
                    let found = TestTable.test(name.text)
                else {
                    return .object(FailingIterator(.runtime("there is no test with this name")))
                }
                test = found
            }
            let (attribute, chosen, given) = (path, test, rest)
            return try lazily(value, rest.depth) { (value) throws(JinjaError) in
                try budget.step()
                let part = try attribute.value(of: value, budget)
                let isChosen =
                    try chosen.map { (test) throws(JinjaError) in try test(part, given, budget) }
                    ?? PythonLogic.isTrue(part)
                return isChosen == keeps ? value : nil
            }
        }
    }
}

extension CallArguments {
    /// Levels of values in the arguments.
    var depth: Int { (positional.map(\.depth) + keywords.map(\.value.depth)).max() ?? 0 }
}
