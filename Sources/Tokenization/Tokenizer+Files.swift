import Foundation
import Support

extension Tokenizer {
    /// The names of vocabularies' files in a checkpoint's directory, the one that wins first.
    public static let fileNames = ["tokenizer.model", "tokenizer.json"]
    /// The file of Mistral's own releases, which is read where a directory has none of the others.
    package static let tekkenName = "tekken.json"

    /// The name under which `serializedModel` is saved in a checkpoint's directory.
    public var fileName: String {
        switch engine {
        case .sentencePiece: Self.fileNames[0]
        case .bytePair: Self.fileNames[1]
        }
    }

    /// Opens a `.model` file, a `tokenizer.json`, Mistral's `tekken.json`, or the one of them that a directory holds; where it
    /// holds several, the first of these. Or a tiktoken file, whatever it is called.
    ///
    /// With a `tokenizer.json` or a tiktoken file, the files of transformers beside it are read, see `TokenizerConfiguration`.
    ///
    /// - Parameters:
    ///   - url: The file, or the directory.
    ///   - pattern: How a tiktoken file that is not known divides text.
    /// - Throws: `UserError` if the file cannot be read or is not a complete, sound vocabulary; and where a pattern is named for a
    ///   file that has one.
    public convenience init(contentsOf url: URL, pattern: NamedPreTokenizer? = nil) throws {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
        var file = url
        if isDirectory.boolValue {
            let files = (Self.fileNames + [Self.tekkenName]).map { url.appendingPathComponent($0) }
            file = try files.first { try FileManager.default.exists(at: $0) } ?? files[0]
        }
        guard try FileManager.default.exists(at: file) else {
            throw UserError(
                "no such tokenizer", file: file.path,
                hint: "give a SentencePiece .model file, a tokenizer.json, or a directory that holds "
                    + "tokenizer.model or tokenizer.json",
                status: .noInput)
        }
        let data = try ConfigurationFile.read(URL(filePath: file.path), atMost: Self.largestFile)
        if BytePairModel.isTiktoken(data) {
            let configuration = try TokenizerConfiguration(directory: file.deletingLastPathComponent())
            let model = try BytePairModel(
                tiktoken: data, pattern: pattern, configuration: configuration, name: file.path)
            try self.init(model, configuration: configuration, name: file.path)
            return
        }
        if let pattern {
            throw UserError(
                "the pattern \"\(pattern.name)\" is named, but this is no tiktoken file", file: file.path,
                hint: "other files say themselves how text is divided")
        }
        guard file.pathExtension == "json" else {
            try self.init(serializedModel: data, name: file.path)
            return
        }
        if Self.isTekken(data) {
            try self.init(BytePairModel(tekken: data, name: file.path), name: file.path)
            return
        }
        let configuration = try TokenizerConfiguration(directory: file.deletingLastPathComponent())
        try self.init(tokenizerJSON: data, configuration: configuration, name: file.path)
    }

    /// Whether a JSON file is Mistral's `tekken.json`. Its first key tells: a `tokenizer.json` has none of these.
    private static func isTekken(_ data: Data) -> Bool {
        func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        let object = data.drop(while: isSpace)
        guard object.first == UInt8(ascii: "{") else { return false }
        let key = object.dropFirst().drop(while: isSpace)
        return ["config", "vocab", "special_tokens", "multimodal", "image", "audio", "type"].contains {
            key.starts(with: "\"\($0)\"".utf8)
        }
    }
}
