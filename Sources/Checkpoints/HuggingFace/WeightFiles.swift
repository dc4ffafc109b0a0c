import Foundation
import Support
import Transformer

/// The safetensors files of a Hugging Face directory: one, or several with an index.
struct WeightFiles {
    /// The file of each tensor.
    private(set) var files: [String: SafetensorsFile] = [:]
    /// The name of the weights in messages.
    let name: String

    /// - Throws: `UserError` if there are no weights, or an index and its files contradict each other.
    init(directory: URL) throws {
        if let single = CheckpointFile.existing(CheckpointFile.weights, in: directory) {
            name = single.relativePath
            let file = try SafetensorsFile(contentsOf: single)
            for tensor in file.names { files[tensor] = file }
        } else if let index = CheckpointFile.existing(CheckpointFile.index, in: directory) {
            name = index.relativePath
            try openShards(index, in: directory)
        } else {
            throw Self.missing(in: directory)
        }
    }

    private mutating func openShards(_ index: URL, in directory: URL) throws {
        guard case .object(let map)? = try JSONValue.object(contentsOf: index)["weight_map"] else {
            throw UserError("the object \"weight_map\" is missing", file: index.relativePath)
        }
        var shards: [String: SafetensorsFile] = [:]
        for (tensor, value) in map.sorted(by: { $0.key < $1.key }) {
            // A name with a slash could point outside the directory.
            guard case .string(let name) = value, !name.isEmpty, !name.contains("/"), name != ".." else {
                throw UserError(
                    "\"\(tensor)\" is in \(value.text)", file: index.relativePath,
                    hint: "the name of a file beside the index is expected")
            }
            let shard =
                try shards[name] ?? SafetensorsFile(contentsOf: directory.appendingPathComponent(name))
            shards[name] = shard
            guard shard.contains(tensor) else {
                throw UserError("\"\(tensor)\" is not in \(name)", file: index.relativePath)
            }
            files[tensor] = shard
        }
        for (name, shard) in shards {
            if let stray = shard.names.first(where: { files[$0]?.url != shard.url }) {
                throw UserError("the index does not list \"\(stray)\" in \(name)", file: index.relativePath)
            }
        }
    }

    private static func missing(in directory: URL) -> UserError {
        let old = ["pytorch_model.bin", "pytorch_model.bin.index.json"]
        if old.contains(where: { CheckpointFile.existing($0, in: directory) != nil }) {
            return UserError(
                "holds pytorch_model.bin but no \(CheckpointFile.weights)", file: directory.relativePath,
                hint: "convert it: load it with transformers and save_pretrained(safe_serialization=True)",
                status: .noInput)
        }
        return UserError(
            "holds no weights", file: directory.relativePath,
            hint: "\(CheckpointFile.weights) or \(CheckpointFile.index) is expected",
            status: .noInput)
    }

    /// The tensors that the files must hold, checked by name, shape and type before any is read.
    ///
    /// - Parameters:
    ///   - configuration: the model's, with the vocabulary size of the tokenizer
    ///   - rows: rows of the embedding table in the file; the last ones may be padding
    ///   - isMultimodal: whether the file may also have the tensors of a vision model
    /// - Throws: `UserError` that lists all that are missing, left over or of another shape.
    func loader(
        of configuration: Configuration, _ family: HuggingFaceFamily, rows: Int, isMultimodal: Bool
    ) throws -> ModelLoader {
        // A layer has nine tensors. Checked first, so that an invalid number of layers does not fill the memory with names.
        guard configuration.layers <= files.count else {
            throw UserError(
                "config.json has \(configuration.layers) layers, but there are only \(files.count) tensors",
                file: name)
        }
        // Each expert has three. Both numbers are bounded already.
        if let experts = configuration.experts?.count, experts * configuration.layers > files.count {
            throw UserError(
                "config.json has \(experts) experts in each of \(configuration.layers) layers, but there are only "
                    + "\(files.count) tensors", file: name)
        }
        var available: [String: StoredTensor] = [:]
        let modules = family.modules
        let (embedding, head) = (modules.base + modules.embedding, modules.head)
        let names = try TensorNames(files.keys, modules, file: name).plain
        for (tensor, file) in files {
            var stored = StoredTensor(try file.view(tensor))
            let plain = names[tensor]!
            if [embedding, head].contains(plain) {
                stored = stored.prefix(configuration.vocabularySize, of: rows)
            }
            available[plain] = stored
        }
        let loader = try ModelLoader(
            maps: HuggingFaceNames.parameters(of: configuration, family), available: available,
            isRedundant: { name in
                modules.redundant.contains { name.hasSuffix($0) }
                    || isMultimodal && TensorNames.isVision(name)
                    || configuration.tiedHead && name == head
            }, file: name, description: "config.json")
        if configuration.tiedHead { try Self.checkTie(available[head], available[embedding]) }
        return loader
    }

    /// A model with tied embeddings may store its head too, which must then equal the embedding table.
    private static func checkTie(_ head: StoredTensor?, _ embedding: StoredTensor?) throws {
        guard let head, let embedding else { return }
        let isSame =
            head.typeName == embedding.typeName && head.shape == embedding.shape
            && head.bytes == embedding.bytes
        guard isSame else {
            throw head.error(
                "differs from \(embedding.name), but config.json ties the two",
                hint: "set \"tie_word_embeddings\" to false if the head is meant")
        }
    }
}

extension StoredTensor {
    fileprivate init(_ view: SafetensorsFile.View) {
        self.init(
            name: view.name, dtype: view.type.canDequantize ? view.type : nil, typeName: view.type.rawValue,
            shape: view.shape,
            bytes: view.bytes, file: view.fileName)
    }
}
