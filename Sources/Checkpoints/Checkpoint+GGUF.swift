import Foundation
import Support
import Tokenization
import Transformer

extension Checkpoint {
    /// Reads a GGUF file of any of the architectures of `families`.
    static func open(gguf url: URL, families: FamilyRegistry) throws -> OpenedCheckpoint {
        let file = try GGUFFile(contentsOf: url)
        let description = try GGUFConfiguration(file, families: families)
        let shape = description.shape
        // A layer has several tensors. Checked first, so that an invalid number of layers does not fill the memory with names.
        guard shape.layers <= file.tensors.count else {
            throw file.error("\(shape.layers) layers, but only \(file.tensors.count) tensors")
        }
        var available = try GGUFExperts.separated(file.tensors, experts: shape.experts?.count ?? 0)
        if let experts = shape.experts?.count, experts * shape.layers > available.count {
            throw file.error(
                "\(experts) experts in each of \(shape.layers) layers, but only \(file.tensors.count) tensors"
            )
        }
        for name in [GGUFNames.embedding, GGUFNames.head] {
            available[name] = available[name]?.prefix(shape.vocabularySize, of: description.rows)
        }
        let loader = try ModelLoader(
            maps: GGUFNames.parameters(
                of: shape, description.family,
                fusesQueryKeyValue: file.tensors["blk.0.attn_qkv.weight"] != nil),
            available: available, isRedundant: GGUFNames.isRedundant, file: url.relativePath,
            description: "the file's metadata")
        let unused = description.rows - shape.vocabularySize
        let tokenizer = try GGUFTokenizer.tokenizer(of: file, rows: description.rows, padding: unused)
        return OpenedCheckpoint(
            shape: shape, loader: loader, tokenizer: tokenizer, template: TemplateTexts(of: file)?.template,
            tokens: description.tokens, unusedRows: unused)
    }
}
