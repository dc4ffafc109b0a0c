import Support

/// A new value at a path of a recipe, such as `stages.train.tokens=100_000`.
///
/// A path goes through keys, list indexes (from 0), and, in the list of stages, kinds (`train`) or the names stages
/// give to what they make (`student`). Keys that are not there yet are added; whether they exist in the schema is
/// found out when the changed recipe is read.
struct Override {
    let path: [String]
    let value: YAMLValue
    let place: SourceLocation

    /// From the command line: `path=value`.
    init(argument: String) throws {
        let place = SourceLocation(origin: "--set \(argument)")
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
            throw place.error(
                "not a path and a value", hint: "such as --set student.width=64", status: .usage)
        }
        var reader = YAMLReader(origin: place.origin, hasLines: false)
        let text = String(argument[argument.index(after: equals)...])
        let read = try reader.read(text.isEmpty ? "~" : text)
        if let problem = read.problems.first { throw problem }
        try self.init(path: String(argument[..<equals]), value: read.value, place: place)
    }

    init(path: String, value: YAMLValue, place: SourceLocation) throws {
        self.path = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        self.value = value
        self.place = place
        if self.path.contains("") {
            throw place.error("\"\(path)\" is not a path", hint: "such as student.width")
        }
    }

    func apply(to root: YAMLValue) throws -> YAMLValue {
        try changed(root, at: path[...], isStageList: false)
    }

    private func changed(_ node: YAMLValue, at path: ArraySlice<String>, isStageList: Bool) throws
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
                    entries[index].value, at: rest, isStageList: step == "stages")
            } else {
                let empty = YAMLValue(place: place, content: .mapping([]))
                let new = try changed(empty, at: rest, isStageList: false)
                entries.append(.init(key: step, keyPlace: place, value: new))
            }
            node.content = .mapping(entries)
        case .list(var items):
            let index = try index(of: step, in: items, isStageList: isStageList)
            var rest = path.dropFirst()
            // stages.train.tokens and stages.0.tokens both mean the keys below the stage's kind.
            if isStageList, let kind = items[index].entries?.first?.key, rest.first != kind {
                rest = [kind] + rest
            }
            items[index] = try changed(items[index], at: rest, isStageList: false)
            node.content = .list(items)
        case .scalar:
            throw place.error("\"\(step)\" is below a value that has no keys, \(node.kindName)")
        }
        return node
    }

    private func index(of step: String, in items: [YAMLValue], isStageList: Bool) throws -> Int {
        if let index = Int(step) {
            guard items.indices.contains(index) else {
                throw place.error(
                    "there is no item \(index)", hint: "the list has \(items.count), counted from 0")
            }
            return index
        }
        guard isStageList else {
            throw place.error(
                "\"\(step)\" is not an index of a list", hint: "accepted: 0 to \(items.count - 1)")
        }
        let named = items.indices.filter { index in
            let entry = items[index].entries?.first
            if case .scalar(let name, _) = entry?.value["to"]?.content, name == step { return true }
            return entry?.key == step
        }
        guard let index = named.first else {
            let kinds = items.compactMap { $0.entries?.first?.key }
            throw place.error(
                "the recipe has no stage \"\(step)\"", hint: suggestion(for: step, among: kinds))
        }
        guard named.count == 1 else {
            let indexes = named.map(String.init).joined(separator: " or ")
            throw place.error(
                "the recipe has \(named.count) stages \"\(step)\"",
                hint: "name one by its index: \(indexes)")
        }
        return index
    }
}
