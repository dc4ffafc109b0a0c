import Support

/// Brings the names of a checkpoint's tensors to those of a plain causal language model: `model.…` and `lm_head.weight`.
///
/// The same weights come under other names from a compiled model (`_orig_mod.`), from data-parallel training (`module.`), from
/// the base model alone (no `model.`), from a class that wraps it (`model.model.`) and from the text part of a multimodal
/// model (`language_model.model.`, `model.language_model.`). The prefix is that of the embedding table, which every model has.
struct TensorNames {
    /// The plain name of each name in the file.
    let plain: [String: String]

    /// - Parameter modules: The family's names.
    /// - Throws: `UserError` if two tensors map to the same name.
    init(_ names: some Sequence<String>, _ modules: HuggingFaceFamily.Modules = .init(), file: String) throws
    {
        let stripped = names.map { (name: $0, bare: Self.withoutWrappers($0)) }
        let prefix = Self.prefix(of: stripped.map(\.bare), before: modules.embedding)
        let headPrefix = Self.prefix(of: stripped.map(\.bare), before: modules.head)
        // With an empty prefix, or one that is a part of others', not every name belongs to the text model.
        func isOther(_ name: String, than prefix: String) -> Bool {
            Self.isVision(name) || name == prefix + modules.head
        }
        var plain: [String: String] = [:]
        var sources: [String: String] = [:]
        for (name, bare) in stripped.sorted(by: { $0.name < $1.name }) {
            var result = bare
            if let headPrefix, bare == headPrefix + modules.head {
                result = modules.head
            } else if let prefix, bare.hasPrefix(prefix), !isOther(bare, than: prefix) {
                result = modules.base + bare.dropFirst(prefix.count)
            }
            if let other = sources.updateValue(name, forKey: result) {
                throw UserError("the tensors \"\(other)\" and \"\(name)\" are both \(result)", file: file)
            }
            plain[name] = result
        }
        self.plain = plain
    }

    /// Whether a tensor belongs to the vision part of a multimodal model.
    static func isVision(_ name: String) -> Bool {
        name.contains("vision_tower.") || name.contains("multi_modal_projector.")
            || name.contains("vision_model.")
    }

    private static func withoutWrappers(_ name: String) -> String {
        let name = name.replacing("_orig_mod.", with: "")
        return name.hasPrefix("module.") ? String(name.dropFirst("module.".count)) : name
    }

    /// The prefix of the one name that ends with `suffix`; nil where none or several do.
    private static func prefix(of names: [String], before suffix: String) -> String? {
        let found = names.filter { $0 == suffix || $0.hasSuffix("." + suffix) }
        return found.count == 1 ? String(found[0].dropLast(suffix.count)) : nil
    }
}
