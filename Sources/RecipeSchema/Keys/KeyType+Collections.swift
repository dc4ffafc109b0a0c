extension KeyType {
    /// A list of values of one type.
    package static func list<Element>(of element: KeyType<Element, Context>, atLeast least: Int = 1)
        -> KeyType
    where Value == [Element] {
        KeyType(
            summary: "list of: \(element.summary)", placeholder: { [] }, nested: element.nested,
            limits: element.limits, fileContent: element.fileContent,
            decode: { yaml, context in
                guard case .list(let items) = yaml.content else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location,
                        hint: "expected: list of: \(element.summary)")
                    return nil
                }
                guard items.count >= least else {
                    context.problems.add(
                        "the list is empty", at: yaml.location, hint: "expected: \(element.summary)")
                    return nil
                }
                let decoded = items.compactMap { element.decode($0, context) }
                return (decoded.map(\.value), .list(decoded.map(\.canonical)))
            }, canonical: { .list($0.map(element.canonical)) })
    }

    /// A list that may be written as its only element.
    package static func oneOrMore<Element>(_ element: KeyType<Element, Context>) -> KeyType
    where Value == [Element] {
        let list = KeyType.list(of: element)
        return KeyType(
            summary: "\(element.summary), or a list of them", placeholder: { [] }, nested: element.nested,
            limits: element.limits, fileContent: element.fileContent,
            decode: { yaml, context in
                if case .list = yaml.content { return list.decode(yaml, context) }
                return element.decode(yaml, context).map { ([$0.value], .list([$0.canonical])) }
            }, canonical: list.canonical)
    }

    /// Values under names the user chooses, in the order of the file.
    package static func named<Element>(_ element: KeyType<Element, Context>) -> KeyType
    where Value == [(name: String, value: Element)] {
        KeyType(
            summary: "mapping of a name to: \(element.summary)", placeholder: { [] }, nested: element.nested,
            limits: element.limits, fileContent: element.fileContent,
            decode: { yaml, context in
                guard let entries = yaml.entries else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location,
                        hint: "expected: mapping of a name to: \(element.summary)")
                    return nil
                }
                let decoded = entries.compactMap { entry in
                    element.decode(entry.value, context).map { (name: entry.key, decoded: $0) }
                }
                return (
                    decoded.map { ($0.name, $0.decoded.value) },
                    .list(decoded.map { .list([.text($0.name), $0.decoded.canonical]) })
                )
            },
            canonical: { .list($0.map { .list([.text($0.name), element.canonical($0.value)]) }) })
    }
}
