import Foundation
import Support
import Tensors
import Tokenization
import Transformer

extension Checkpoint {
    /// Writes a Hugging Face directory that transformers, llama.cpp's converter and `load` open.
    ///
    /// The directory appears whole or not at all. An older checkpoint of its name is replaced; a directory that
    /// holds anything else is left alone.
    ///
    /// - Parameters:
    ///   - tokenizer: Its vocabulary must be the decoder's.
    ///   - template: How chats are written; needs the tokenizer.
    ///   - tokens: The special ids; the tokenizer's and the template's, if nil.
    ///   - url: The directory; its parent must exist.
    ///   - type: F32, BF16 or F16. To BF16 and F16 the weights are rounded to nearest.
    /// - Throws: `UserError` if a weight is not finite in `type`, the vocabularies differ, or the system refuses.
    public static func save(
        decoder: DecoderModel, tokenizer: Tokenizer? = nil, template: ChatTemplate? = nil,
        tokens: SpecialTokens? = nil,
        to url: URL, as type: DType = .f32
    ) throws {
        try save(
            decoder: decoder, tokenizer: tokenizer, template: template, tokens: tokens, to: url, as: type,
            families: .standard)
    }

    static func save(
        decoder: DecoderModel, tokenizer: Tokenizer?, template: ChatTemplate?, tokens: SpecialTokens?,
        to url: URL, as type: DType, families: FamilyRegistry
    ) throws {
        let shape = decoder.configuration
        let family = families[shape.family].huggingFace
        if let tokenizer, tokenizer.vocabularySize != shape.vocabularySize {
            throw UserError(
                "the tokenizer has \(tokenizer.vocabularySize) pieces, but the model's vocabulary has "
                    + "\(shape.vocabularySize)", file: url.relativePath, status: .configuration)
        }
        precondition(template == nil || tokenizer != nil, "a chat template needs a tokenizer")
        let tensors = Dictionary(uniqueKeysWithValues: decoder.parameters.map { ($0.name, $0.tensor) })
        let entries = try HuggingFaceNames.parameters(of: shape, family).flatMap { parameter in
            let tensor = tensors[parameter.name]!.adding(-parameter.offset)
            try refuseLoss(of: tensor, parameter.name, as: type, writing: url)
            return parameter.parts.map { SafetensorsEntry($0, of: tensor, as: type) }
        }
        let model = tokens ?? SpecialTokens(tokenizer)
        var generation = model
        if tokens == nil, let tokenizer, let template {
            generation.ends = template.stopIDs(in: tokenizer).sorted()
        }
        try AtomicDirectory.create(at: url, obsolete: CheckpointFile.isReplaceable) { directory in
            let file = { directory.appendingPathComponent($0) }
            let description = ModelConfiguration(shape: shape, tokens: model, family: family)
            try AtomicFile.write(
                description.json(weights: type).encoded(), to: file(CheckpointFile.configuration))
            try AtomicFile.write(
                JSONValue.object(generation.json).encoded(), to: file(CheckpointFile.generation))
            if let tokenizer {
                try write(tokenizer, template, in: directory)
            }
            // transformers accepts only files that name their framework; "pt" is PyTorch.
            try SafetensorsWriter.write(entries, metadata: ["format": "pt"], to: file(CheckpointFile.weights))
        }
    }

    /// Writes a directory that holds a tokenizer alone, which `AutoTokenizer` of transformers and `tokenizer(at:)` open: the
    /// vocabulary and, in `tokenizer_config.json`, which tokens begin, end and pad texts, and the chat template.
    ///
    /// - Throws: `UserError` if the directory holds anything else, or the system refuses.
    public static func saveTokenizer(_ tokenizer: Tokenizer, template: ChatTemplate?, to url: URL) throws {
        try AtomicDirectory.create(at: url, obsolete: CheckpointFile.belongsToTokenizer) {
            try write(tokenizer, template, in: $0)
        }
    }

    private static func write(_ tokenizer: Tokenizer, _ template: ChatTemplate?, in directory: URL) throws {
        let configuration =
            template?.tokenizerConfiguration(for: tokenizer) ?? TransformersConfiguration(plain: tokenizer)
        try AtomicFile.write(
            tokenizer.serializedModel, to: directory.appendingPathComponent(tokenizer.fileName))
        try AtomicFile.write(
            JSONEncoder.stablePretty.encode(configuration) + [10],
            to: directory.appendingPathComponent(CheckpointFile.tokenizerConfiguration))
    }

    /// Refuses weights that would not be finite in the file: the model would produce only NaN.
    private static func refuseLoss(of tensor: Tensor, _ name: String, as type: DType, writing url: URL)
        throws
    {
        let bound = type.overflowMagnitude
        let problem: String? = tensor.withUnsafeFloats { floats in
            if kernels.has_non_finite(floats.baseAddress, floats.count) != 0 {
                return "holds infinite values or NaN"
            }
            guard bound < .infinity, let large = floats.first(where: { abs($0) >= bound }) else { return nil }
            return "holds \(large), beyond the range of \(type.rawValue)"
        }
        if let problem {
            throw UserError("cannot save: the weight \(name) \(problem)", file: url.relativePath)
        }
    }
}

extension Tensor {
    /// A tensor with `offset` added to every value; itself where that is 0.
    fileprivate func adding(_ offset: Float) -> Tensor {
        offset == 0 ? self : Tensor(shape: shape, values: values.map { $0 + offset })
    }
}

extension SafetensorsEntry {
    /// A part of one of our parameters, as the file has it.
    fileprivate init(_ part: ParameterMap.Part, of tensor: Tensor, as type: DType) {
        guard part.order != nil || part.isTransposed else {
            self.init(name: part.name, tensor: tensor, rows: part.rows, as: type)
            return
        }
        // Arranged when its turn comes: one copy in memory at a time.
        self.init(name: part.name, type: type, shape: part.shape) { writer in
            try part.arranged(tensor).withUnsafeFloats { try Self.write($0, as: type, to: &writer) }
        }
    }
}

extension SpecialTokens {
    /// The ids that the tokenizer itself names.
    fileprivate init(_ tokenizer: Tokenizer?) {
        self.init(
            begin: tokenizer?.beginTokenID, ends: tokenizer?.endID.map { [$0] } ?? [],
            padding: tokenizer?.paddingID)
    }
}
