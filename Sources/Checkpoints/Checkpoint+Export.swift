import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// The types in which weights can be written, by the names that commands and recipes use.
public enum ExportType: String, CaseIterable, Sendable {
    /// 32-bit floats: nothing is lost.
    case f32
    /// IEEE half-precision floats.
    case f16
    /// Floats of 8 significant bits with the range of `f32`.
    case bf16
    /// 8.5 bits a weight, in blocks of 32.
    case q80 = "q8_0"
    /// 5.5 bits a weight, in blocks of 32.
    case q50 = "q5_0"
    /// 4.5 bits a weight, in blocks of 32.
    case q40 = "q4_0"
    /// 6.56 bits a weight, in blocks of 256.
    case q6K = "q6_k"

    /// The type that recipes and commands use where none is named: half the bytes of f32, and next to nothing is lost.
    public static let standard = ExportType.f16

    /// The type as files name it.
    public var dtype: DType { DType(rawValue: rawValue.uppercased())! }
}

extension Checkpoint {
    /// Writes a GGUF file that llama.cpp and `load` open.
    ///
    /// Matrices are rounded to `dtype` where their rows are whole blocks of it, to Q8_0 or F16 else; vectors stay F32.
    ///
    /// - Parameters:
    ///   - tokenizer: Its vocabulary must be the decoder's.
    ///   - dtype: F32, F16, BF16, Q8_0, Q5_0, Q4_0 or Q6_K; nil leaves matrices as they are in memory.
    /// - Throws: `UserError` if the vocabularies differ, weights are not finite in `dtype`, or the system refuses.
    public static func export(
        decoder: DecoderModel, tokenizer: Tokenizer?, template: ChatTemplate?, tokens: SpecialTokens,
        to url: URL, as dtype: DType?
    ) throws {
        try export(
            decoder: decoder, tokenizer: tokenizer, template: template, tokens: tokens, to: url, as: dtype,
            families: .standard)
    }

    static func export(
        decoder: DecoderModel, tokenizer: Tokenizer?, template: ChatTemplate?, tokens: SpecialTokens,
        to url: URL, as dtype: DType?, families: FamilyRegistry
    ) throws {
        if let dtype {
            precondition(Quantizer.canQuantize(to: dtype), "weights are not written as \(dtype.rawValue)")
        }
        let own = decoder.configuration
        let shape = families[own.family].gguf.equivalent?(own) ?? own
        let family = families[shape.family].gguf
        if let problem = family.problem(of: shape) {
            throw UserError(
                "cannot save: llama.cpp has \(problem)", file: url.relativePath,
                hint: "write a Hugging Face directory", status: .configuration)
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
        try UserError.located(in: url.relativePath) {
            var writer = GGUFWriter()
            writer.add(shape, family)
            var tokens = tokens
            if let tokenizer {
                try writer.add(tokenizer, template: template)
                tokens.begin = tokens.begin ?? tokenizer.beginTokenID
                if tokens.ends.isEmpty { tokens.ends = tokenizer.endID.map { [$0] } ?? [] }
                if let template {
                    tokens.ends += template.stopIDs(in: tokenizer).sorted().filter {
                        !tokens.ends.contains($0)
                    }
                }
            }
            writer.add(tokens)
            try writer.add(decoder, family, as: dtype)
            try writer.write(to: url)
        }
    }
}
