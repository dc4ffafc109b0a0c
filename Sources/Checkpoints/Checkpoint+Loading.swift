import Foundation
import Support
import Tensors
import Tokenization
import Transformer

extension Checkpoint {
    /// Reads a Hugging Face directory or a GGUF file, of any family in `Family`.
    ///
    /// Everything is checked before weights are read: a fault costs no time and no memory.
    ///
    /// - Parameter weights: How weights are kept in memory. Only Float32 can be trained.
    /// - Throws: `UserError` naming the file and all that is wrong with it.
    public static func load(_ url: URL, weights: WeightStorage = .automatic) throws -> Checkpoint {
        let model = try open(url)
        return Checkpoint(
            url: url, decoder: try model.loader.decoder(model.shape, weights: weights),
            tokenizer: model.tokenizer, template: model.template, tokens: model.tokens)
    }

    /// Checks a model as `load` does before it reads weights, of which it looks at names, shapes and types alone.
    ///
    /// - Returns: its shape, and its tokenizer where it has one.
    /// - Throws: `UserError` naming the file and all that is wrong with it.
    public static func check(_ url: URL) throws -> (shape: Configuration, tokenizer: Tokenizer?) {
        let model = try open(url)
        return (model.shape, model.tokenizer)
    }

    private static func open(_ url: URL) throws -> OpenedCheckpoint {
        if GGUFFile.isGGUF(url) { return try open(gguf: url) }
        let description = try ModelConfiguration(directory: url)
        let tokenizer = try CheckpointFile.existing(CheckpointFile.tokenizer, in: url).map(Tokenizer.init)
        if let tokenizer, tokenizer.vocabularySize != description.shape.vocabularySize {
            throw UserError(
                "\(CheckpointFile.tokenizer) has \(tokenizer.vocabularySize) pieces, but the model's "
                    + "vocabulary has \(description.shape.vocabularySize)", file: url.relativePath,
                remedy: "the two must come from one model")
        }
        return OpenedCheckpoint(
            shape: description.shape, loader: try WeightFiles(directory: url).loader(of: description.shape),
            tokenizer: tokenizer, template: try loadTemplate(from: url),
            tokens: try loadTokens(description, from: url))
    }

    /// The shape of a model, without reading its weights.
    /// - Throws: `UserError` if its description is missing or tells of something that we do not have.
    public static func configuration(at url: URL) throws -> Configuration {
        if GGUFFile.isGGUF(url) { return try GGUFConfiguration(GGUFFile(contentsOf: url)).shape }
        return try ModelConfiguration(directory: url).shape
    }

    /// The tokenizer of a model, or of a directory or file that holds a tokenizer alone.
    /// - Throws: `UserError` if there is none or it is damaged.
    public static func tokenizer(at url: URL) throws -> Tokenizer {
        try GGUFFile.isGGUF(url)
            ? tokenizer(of: GGUFFile(contentsOf: url), at: url) : Tokenizer(contentsOf: url)
    }

    private static func tokenizer(of file: GGUFFile, at url: URL) throws -> Tokenizer {
        let size = try GGUFConfiguration(file).shape.vocabularySize
        guard let tokenizer = try GGUFTokenizer.tokenizer(of: file, vocabularySize: size) else {
            throw UserError("holds no vocabulary", file: url.relativePath, status: .noInput)
        }
        return tokenizer
    }

    /// A digest of all files that make the model what it is: weights, configuration, tokenizer, template.
    /// - Throws: `UserError` if a file cannot be read.
    public static func fingerprint(at url: URL) throws -> Fingerprint {
        if GGUFFile.isGGUF(url) { return try Fingerprint(fileAt: url) }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: url.path)
        } catch {
            throw UserError(
                "cannot list the directory: \(error.localizedDescription)", file: url.relativePath,
                status: .noInput)
        }
        let parts = try names.filter(CheckpointFile.isReplaceable).sorted().flatMap { name in
            [name, try Fingerprint(fileAt: url.appendingPathComponent(name)).hexadecimal]
        }
        return Fingerprint(hashing: parts.map { Data($0.utf8) })
    }

    /// The tokenizer of a model, or of what holds a tokenizer alone, and how its chats are written; see `chatTemplate`.
    ///
    /// - Throws: `UserError` if there is no tokenizer or it is damaged
    public static func textForm(at url: URL) throws -> (tokenizer: Tokenizer, template: ChatTemplate?) {
        let tokenizer: Tokenizer
        let template: ChatTemplate?
        if GGUFFile.isGGUF(url) {
            let file = try GGUFFile(contentsOf: url)
            (tokenizer, template) = (try self.tokenizer(of: file, at: url), self.template(of: file))
        } else {
            (tokenizer, template) = (try Tokenizer(contentsOf: url), try loadTemplate(from: url))
        }
        return (tokenizer, template ?? ChatTemplate.guess(for: tokenizer, named: url.lastPathComponent))
    }

    /// The chat template: a file of its own, as transformers 5 writes it, or a text in `tokenizer_config.json`.
    private static func loadTemplate(from url: URL) throws -> ChatTemplate? {
        if let file = CheckpointFile.existing(CheckpointFile.template, in: url) {
            return ChatTemplate.recognise(
                jinja: String(decoding: try MappedFile(contentsOf: file).bytes, as: UTF8.self))
        }
        guard let file = CheckpointFile.existing(CheckpointFile.tokenizerConfiguration, in: url),
            case .string(let jinja)? = try JSONValue.object(contentsOf: file)["chat_template"]
        else { return nil }
        return ChatTemplate.recognise(jinja: jinja)
    }

    /// The special tokens: `generation_config.json` knows better than `config.json`.
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
    fileprivate init(directory url: URL) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            throw UserError("no such model", file: url.relativePath, status: .noInput)
        }
        guard isDirectory.boolValue else {
            throw UserError(
                "a file", file: url.relativePath,
                remedy: "a Hugging Face directory with config.json or a GGUF file is expected",
                status: .noInput)
        }
        guard let file = CheckpointFile.existing(CheckpointFile.configuration, in: url) else {
            throw UserError(
                "holds no \(CheckpointFile.configuration)", file: url.relativePath,
                remedy: "a Hugging Face directory is expected", status: .noInput)
        }
        try self.init(JSONValue.object(contentsOf: file), fileName: file.relativePath)
    }
}

extension Checkpoint {
    /// Bytes of the weight files of a directory, or of a GGUF file.
    /// - Throws: `UserError` if it cannot be read.
    public static func weightBytes(at url: URL) throws -> Int {
        if GGUFFile.isGGUF(url) { return try MappedFile(contentsOf: url).count }
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
