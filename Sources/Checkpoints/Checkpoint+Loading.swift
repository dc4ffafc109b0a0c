import Foundation
import Support
import Tensors
import Tokenization
import Transformer

extension Checkpoint {
    /// Reads a Hugging Face directory or a GGUF file, of any family that is supported.
    ///
    /// Everything is checked before weights are read: a fault costs no time and no memory.
    ///
    /// - Parameter weights: How weights are kept in memory. Only Float32 can be trained.
    /// - Throws: `UserError` naming the file and all that is wrong with it.
    public static func load(_ url: URL, weights: WeightStorage = .automatic) throws -> Checkpoint {
        try load(url, weights: weights, families: .standard)
    }

    static func load(_ url: URL, weights: WeightStorage, families: FamilyRegistry) throws -> Checkpoint {
        let model = try open(url, families)
        return Checkpoint(
            url: url, decoder: try model.loader.decoder(model.shape, weights: weights),
            tokenizer: model.tokenizer, template: model.template, tokens: model.tokens,
            unusedRows: model.unusedRows)
    }

    /// Checks a model as `load` does before it reads weights, of which it looks at names, shapes and types alone.
    ///
    /// - Throws: `UserError` naming the file and all that is wrong with it.
    public static func check(_ url: URL) throws -> CheckedCheckpoint {
        let model = try open(url, .standard)
        return CheckedCheckpoint(
            shape: model.shape, tokenizer: model.tokenizer,
            template: model.tokenizer.map { chatTemplate(model.template, for: $0, at: url) }
                ?? model.template,
            tokens: model.tokens)
    }

    private static func open(_ url: URL, _ families: FamilyRegistry) throws -> OpenedCheckpoint {
        if GGUFFile.isGGUF(url) { return try open(gguf: url, families: families) }
        try refuseAdapter(in: url)
        let description = try ModelConfiguration(directory: url, families: families)
        let rows = description.shape.vocabularySize
        let vocabulary = try DirectoryTokenizer(directory: url, rows: rows)
        let tokenizer = try vocabulary?.tokenizer()
        try vocabulary?.check(rows: rows, directory: url)
        var shape = description.shape
        shape.vocabularySize = vocabulary?.count ?? rows
        let loader = try WeightFiles(directory: url).loader(
            of: shape, description.family, rows: rows, isMultimodal: description.isMultimodal)
        return OpenedCheckpoint(
            shape: shape, loader: loader, tokenizer: tokenizer,
            template: try TemplateTexts(in: url)?.template,
            tokens: try loadTokens(description, from: url), unusedRows: rows - shape.vocabularySize)
    }

    /// transformers would add an adapter to the weights by itself.
    private static func refuseAdapter(in url: URL) throws {
        guard CheckpointFile.existing("adapter_config.json", in: url) != nil else { return }
        throw UserError(
            "holds an adapter (adapter_config.json), which is not supported", file: url.relativePath,
            hint: "merge it: PeftModel.merge_and_unload(), then save_pretrained")
    }

    /// The shape of a model, without reading its weights.
    /// - Throws: `UserError` if its description is missing, or asks for something that is not supported.
    public static func configuration(at url: URL) throws -> Configuration {
        if GGUFFile.isGGUF(url) {
            return try GGUFConfiguration(GGUFFile(contentsOf: url), families: .standard).shape
        }
        var shape = try ModelConfiguration(directory: url, families: .standard).shape
        // A vocabulary that cannot be read is reported when the model is loaded.
        if let vocabulary = try? DirectoryTokenizer(directory: url, rows: shape.vocabularySize),
            (try? vocabulary.check(rows: shape.vocabularySize, directory: url)) != nil
        {
            shape.vocabularySize = vocabulary.count
        }
        return shape
    }

    /// The tokenizer of a model, or of a directory or file that holds a tokenizer alone.
    /// - Throws: `UserError` if there is none or it is damaged.
    public static func tokenizer(at url: URL) throws -> Tokenizer {
        try GGUFFile.isGGUF(url)
            ? tokenizer(of: GGUFFile(contentsOf: url), at: url) : directoryTokenizer(at: url)
    }

    /// The tokenizer of a directory, with the tokens added to it, or a `.model` file.
    private static func directoryTokenizer(at url: URL) throws -> Tokenizer {
        let rows = (try? ModelConfiguration(directory: url, families: .standard))?.shape.vocabularySize
        return try DirectoryTokenizer(directory: url, rows: rows)?.tokenizer() ?? Tokenizer(contentsOf: url)
    }

    private static func tokenizer(of file: GGUFFile, at url: URL) throws -> Tokenizer {
        let description = try GGUFConfiguration(file, families: .standard)
        let padding = description.rows - description.shape.vocabularySize
        guard
            let tokenizer = try GGUFTokenizer.tokenizer(of: file, rows: description.rows, padding: padding)
        else {
            throw UserError("holds no vocabulary", file: url.relativePath, status: .noInput)
        }
        return tokenizer
    }

    /// A digest of all files that make the model what it is: weights, configuration, tokenizer, template.
    /// - Throws: `UserError` if a file cannot be read.
    public static func fingerprint(at url: URL) throws -> Fingerprint {
        if GGUFFile.isGGUF(url) {
            let parts = GGUFFile.parts(of: url)
            guard parts.count > 1 else { return try Fingerprint(fileAt: url) }
            return Fingerprint(hashing: try parts.map { Data(try Fingerprint(fileAt: $0).hexadecimal.utf8) })
        }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: url.path)
        } catch {
            throw UserError(
                "cannot list the directory: \(error.localizedDescription)", file: url.relativePath,
                status: .noInput)
        }
        let toolTemplate = CheckpointFile.existing(CheckpointFile.toolTemplate, in: url)
        let all =
            names.filter(CheckpointFile.isReplaceable)
            + (toolTemplate == nil ? [] : [CheckpointFile.toolTemplate])
        let parts = try all.sorted().flatMap { name in
            [name, try Fingerprint(fileAt: url.appendingPathComponent(name)).hexadecimal]
        }
        return Fingerprint(hashing: parts.map { Data($0.utf8) })
    }

    /// The tokenizer of a model, or of a directory or file that holds a tokenizer alone, and its chat template; see `chatTemplate`.
    ///
    /// - Throws: `UserError` if there is no tokenizer or it is damaged.
    public static func tokenizerAndTemplate(at url: URL) throws -> (
        tokenizer: Tokenizer, template: ChatTemplate?
    ) {
        let tokenizer: Tokenizer
        let template: ChatTemplate?
        if GGUFFile.isGGUF(url) {
            let file = try GGUFFile(contentsOf: url)
            (tokenizer, template) = (try self.tokenizer(of: file, at: url), TemplateTexts(of: file)?.template)
        } else {
            (tokenizer, template) = (try directoryTokenizer(at: url), try TemplateTexts(in: url)?.template)
        }
        return (tokenizer, chatTemplate(template, for: tokenizer, at: url))
    }

    /// The special tokens: `generation_config.json` takes precedence over `config.json`.
    private static func loadTokens(_ description: ModelConfiguration, from url: URL) throws -> SpecialTokens {
        guard let file = CheckpointFile.existing(CheckpointFile.generation, in: url) else {
            return description.tokens
        }
        var keys = KeyReader(try JSONValue.object(contentsOf: file))
        let tokens = SpecialTokens(&keys, defaults: description.tokens)
        let problems = keys.problems + tokens.problems(in: description.shape.vocabularySize)
        guard problems.isEmpty else {
            throw UserError(problems.joined(separator: "; "), file: file.relativePath)
        }
        return tokens
    }
}

extension ModelConfiguration {
    /// Reads the `config.json` of a directory.
    fileprivate init(directory url: URL, families: FamilyRegistry) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            throw UserError("no such model", file: url.relativePath, status: .noInput)
        }
        guard isDirectory.boolValue else {
            try ConfigurationFile.refuseLFSPointer(ConfigurationFile.beginning(of: url, count: 64), at: url)
            throw UserError(
                "a file", file: url.relativePath,
                hint: "a Hugging Face directory with config.json or a GGUF file is expected",
                status: .noInput)
        }
        guard let file = CheckpointFile.existing(CheckpointFile.configuration, in: url) else {
            throw UserError(
                "holds no \(CheckpointFile.configuration)", file: url.relativePath,
                hint: "a Hugging Face directory is expected", status: .noInput)
        }
        try self.init(JSONValue.object(contentsOf: file), fileName: file.relativePath, families: families)
    }
}

extension Checkpoint {
    /// Bytes of a GGUF file's embedding and head, which are often stored in another type than its layers; `nil` for
    /// directories, whose weights mostly have one type.
    /// - Throws: `UserError` if it cannot be read.
    package static func tableBytes(at url: URL) throws -> Int? {
        guard GGUFFile.isGGUF(url) else { return nil }
        let tensors = try GGUFFile(contentsOf: url).tensors
        return [GGUFNames.embedding, GGUFNames.head].reduce(0) { $0 + (tensors[$1]?.bytes.count ?? 0) }
    }

    /// Bytes of the weight files of a directory, or of a GGUF file.
    /// - Throws: `UserError` if it cannot be read.
    public static func weightBytes(at url: URL) throws -> Int {
        if GGUFFile.isGGUF(url) {
            return try GGUFFile.parts(of: url).reduce(0) { $0 + (try MappedFile(contentsOf: $1).count) }
        }
        do {
            // Directory and files may be symbolic links, as in the cache of the Hugging Face hub.
            return try FileManager.default.contentsOfDirectory(
                at: url.resolvingSymlinksInPath(), includingPropertiesForKeys: nil
            ).filter { $0.pathExtension == "safetensors" }.reduce(0) { total, file in
                let target = file.resolvingSymlinksInPath()
                return total + (try target.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0)
            }
        } catch {
            throw UserError("cannot be listed", file: url.relativePath, status: .noInput)
        }
    }
}
