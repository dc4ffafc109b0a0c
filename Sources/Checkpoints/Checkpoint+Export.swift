import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// What weights are written in, by the names that commands and recipes use.
public enum ExportType: String, CaseIterable, Sendable {
    case f32, f16, bf16
    case q80 = "q8_0"
    case q50 = "q5_0"
    case q40 = "q4_0"
    case q6K = "q6_k"

    /// Of recipes and commands that name none: half the bytes of f32, and next to nothing is lost.
    public static let standard = ExportType.f16

    public var format: WeightFormat { WeightFormat(rawValue: rawValue.uppercased())! }
}

extension Checkpoint {
    /// Writes a GGUF file that llama.cpp and `load` open.
    ///
    /// Matrices are rounded to `format` where their rows are whole blocks of it, to Q8_0 or F16 else; vectors stay F32.
    ///
    /// - Parameters:
    ///   - tokenizer: Its vocabulary must be the decoder's.
    ///   - format: F32, F16, BF16, Q8_0, Q5_0, Q4_0 or Q6_K; nil leaves matrices as they are in memory.
    /// - Throws: `UserError` if the vocabularies differ, weights are not finite in `format`, or the system refuses.
    public static func export(
        decoder: DecoderModel, tokenizer: Tokenizer?, template: ChatTemplate?, tokens: SpecialTokens,
        to url: URL, as format: WeightFormat?
    ) throws {
        if let format {
            precondition(Quantizer.canNarrow(to: format), "weights are not written as \(format.rawValue)")
        }
        let shape = decoder.configuration
        if shape.hasAttentionBias, shape.family != .llama {
            throw UserError(
                "cannot save: llama.cpp has no attention biases in \(shape.family.rawValue) models",
                file: url.relativePath, hint: "write a Hugging Face directory", status: .configuration)
        }
        if let tokenizer, tokenizer.vocabularySize != shape.vocabularySize {
            throw UserError(
                "the tokenizer has \(tokenizer.vocabularySize) pieces, but the model's vocabulary has "
                    + "\(shape.vocabularySize)", file: url.relativePath, status: .configuration)
        }
        for (name, tensor) in decoder.parameters where tensor.stored == nil {
            let isBroken = tensor.withUnsafeFloats { kernels.has_non_finite($0.baseAddress, $0.count) != 0 }
            if isBroken {
                throw UserError(
                    "cannot save: the weight \(name) holds infinite values or NaN", file: url.relativePath)
            }
        }
        var writer = GGUFWriter()
        writer.add(shape)
        var tokens = tokens
        if let tokenizer {
            writer.add(tokenizer, template: template)
            tokens.begin = tokens.begin ?? tokenizer.beginID
            if tokens.ends.isEmpty { tokens.ends = tokenizer.endID.map { [$0] } ?? [] }
            if let template {
                tokens.ends += template.stopIDs(in: tokenizer).sorted().filter { !tokens.ends.contains($0) }
            }
        }
        writer.add(tokens)
        writer.add(decoder, as: format)
        do {
            try writer.write(to: url)
        } catch var error as UserError where error.file == nil {
            error.file = url.relativePath
            throw error
        }
    }
}
