import Support

/// A new value at a path of a recipe, such as `stages.train.tokens=100_000`.
///
/// A path consists of keys, list indexes (from 0), and, in a list whose items can be named (the stages of a recipe), the
/// key of an item (`train`) or the name of its output (`student`). Missing keys are added; whether the schema has them is
/// checked when the changed document is read.
package struct Override {
    package let path: [String]
    package let value: YAMLValue
    package let location: SourceLocation

    /// From the command line: `path=value`.
    package init(argument: String) throws {
        let location = SourceLocation(origin: "--set \(argument)")
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
            throw location.error(
                "not a path and a value", hint: "such as --set student.width=64", status: .usage)
        }
        var reader = YAMLReader(origin: location.origin, hasLines: false)
        let text = String(argument[argument.index(after: equals)...])
        let read = try reader.read(text.isEmpty ? "~" : text)
        if let problem = read.problems.first { throw problem }
        try self.init(path: String(argument[..<equals]), value: read.value, location: location)
    }

    package init(path: String, value: YAMLValue, location: SourceLocation) throws {
        self.path = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        self.value = value
        self.location = location
        if self.path.contains("") {
            throw location.error("\"\(path)\" is not a path", hint: "such as student.width")
        }
    }

    /// The document with the new value in it.
    ///
    /// - Parameter lists: lists whose items can be named.
    /// - Throws: `UserError` at the override's location for a path that leads nowhere.
    package func apply(to root: YAMLValue, naming lists: ItemNames) throws -> YAMLValue {
        try changed(root, at: path[...], naming: lists, isNamed: false)
    }

    private func changed(
        _ node: YAMLValue, at path: ArraySlice<String>, naming lists: ItemNames, isNamed: Bool
    ) throws
        -> YAMLValue
    {
        guard let step = path.first else { return value }
        var node = node
        if node.isNull { node.content = .mapping([]) }
        switch node.content {
        case .mapping(var entries):
            let rest = path.dropFirst()
            if let index = entries.firstIndex(where: { $0.key == step }) {
                entries[index].value = try changed(
                    entries[index].value, at: rest, naming: lists, isNamed: step == lists.list)
            } else {
                let empty = YAMLValue(location: location, content: .mapping([]))
                let new = try changed(empty, at: rest, naming: lists, isNamed: false)
                entries.append(.init(key: step, keyLocation: location, value: new))
            }
            node.content = .mapping(entries)
        case .list(var items):
            let index = try index(of: step, in: items, naming: isNamed ? lists : nil)
            var rest = path.dropFirst()
            // stages.train.tokens and stages.0.tokens both mean the keys below the stage's kind.
            if isNamed, let kind = items[index].entries?.first?.key, rest.first != kind {
                rest = [kind] + rest
            }
            items[index] = try changed(items[index], at: rest, naming: lists, isNamed: false)
            node.content = .list(items)
        case .scalar:
            throw location.error("\"\(step)\" is below a value that has no keys, \(node.kindName)")
        }
        return node
    }

    private func index(of step: String, in items: [YAMLValue], naming lists: ItemNames?) throws -> Int {
        if let index = Int(step) {
            guard items.indices.contains(index) else {
                throw location.error(
                    "there is no item \(index)", hint: "the list has \(items.count), counted from 0")
            }
            return index
        }
        guard let lists else {
            throw location.error(
                "\"\(step)\" is not an index of a list", hint: "accepted: 0 to \(items.count - 1)")
        }
        let named = items.indices.filter { index in
            let entry = items[index].entries?.first
            if case .scalar(let name, _) = entry?.value[lists.nameKey]?.content, name == step { return true }
            return entry?.key == step
        }
        guard let index = named.first else {
            let kinds = items.compactMap { $0.entries?.first?.key }
            throw location.error(
                "the recipe has no \(lists.item) \"\(step)\"",
                hint: suggestion(for: step, among: kinds, formerNames: lists.formerNames))
        }
        guard named.count == 1 else {
            let indexes = named.map(String.init).joined(separator: " or ")
            throw location.error(
                "the recipe has \(named.count) \(lists.item)s \"\(step)\"",
                hint: "name one by its index: \(indexes)")
        }
        return index
    }
}

extension Override {
    /// A list whose items are mappings of one key, and which a path can name.
    package struct ItemNames: Sendable {
        /// The key of the list, such as `stages`.
        package var list: String
        /// What an item is, for messages.
        package var item: String
        /// The key of an item's mapping that names it too, such as `to`.
        package var nameKey: String
        package var formerNames: FormerNames

        package init(list: String, item: String, nameKey: String, formerNames: FormerNames) {
            self.list = list
            self.item = item
            self.nameKey = nameKey
            self.formerNames = formerNames
        }
    }
}
