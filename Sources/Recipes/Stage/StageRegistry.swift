/// The kinds of stages that recipes may have.
package struct StageRegistry: Sendable {
    package let kinds: [any Stage.Type]

    package init(_ kinds: [any Stage.Type]) {
        precondition(Set(kinds.map { $0.name }).count == kinds.count, "two kinds of stages share a name")
        self.kinds = kinds
    }

    package var names: [String] { kinds.map { $0.name } }

    package func kind(named name: String) -> (any Stage.Type)? { kinds.first { $0.name == name } }
}
