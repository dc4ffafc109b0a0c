import Foundation
import Support
import Transformer

/// `config.json` of the Llama family, as transformers' `LlamaConfig` reads and writes it.
///
/// With `model_type` "llama", transformers looks at the keys below and no others, so other keys are of no
/// consequence. What would change the arithmetic in a way we do not follow is refused, never passed over.
struct LlamaConfiguration: Equatable {
    var shape: Configuration
    var tokens: SpecialTokens

    init(shape: Configuration, tokens: SpecialTokens) {
        self.shape = shape
        self.tokens = tokens
    }

    /// - Parameter fileName: How messages name the file.
    /// - Throws: `UserError` that lists every key at fault.
    init(_ object: [String: JSONValue], fileName: String) throws {
        var keys = KeyReader(object)
        guard keys["model_type"] == .string("llama") else {
            throw UserError(
                "\"model_type\" is \(keys["model_type"]?.text ?? "missing")", file: fileName,
                remedy: "only models of the type \"llama\" are supported")
        }
        Self.refuseUnsupported(&keys)
        let heads = keys.integer("num_attention_heads")
        let width = keys.integer("hidden_size")
        // The defaults are those of LlamaConfig.
        shape = Configuration(
            vocabularySize: keys.integer("vocab_size"), width: width,
            layers: keys.integer("num_hidden_layers"),
            heads: heads, keyValueHeads: keys.integer("num_key_value_heads", default: heads),
            headDimension: keys.integer("head_dim", default: heads > 0 ? width / heads : 0),
            feedForward: keys.integer("intermediate_size"), ropeTheta: Self.ropeTheta(&keys),
            normEpsilon: Float(keys.number("rms_norm_eps", default: 1e-6)),
            tiedHead: keys.boolean("tie_word_embeddings", default: false),
            contextLength: keys.integer("max_position_embeddings", default: 2048))
        tokens = SpecialTokens(&keys)
        var problems = keys.problems
        if problems.isEmpty {
            problems = Self.problems(of: shape) + tokens.problems(in: shape.vocabularySize)
        }
        guard problems.isEmpty else {
            throw UserError(problems.joined(separator: "; "), file: fileName)
        }
    }

    private static func problems(of shape: Configuration) -> [String] {
        var problems = shape.problems
        if !(shape.normEpsilon > 0 && shape.normEpsilon.isFinite) {
            problems.append("\"rms_norm_eps\" \(shape.normEpsilon) is not positive")
        }
        if !(shape.ropeTheta > 0 && shape.ropeTheta.isFinite) {
            problems.append("\"rope_theta\" \(shape.ropeTheta) is not positive")
        }
        return problems
    }

    private static func refuseUnsupported(_ keys: inout KeyReader) {
        keys.demand("architectures", .array([.string("LlamaForCausalLM")]))
        keys.demand("hidden_act", .string("silu"))
        keys.demand("attention_bias", .boolean(false))
        keys.demand("mlp_bias", .boolean(false))
        for key in ["quantization_config", "auto_map", "sliding_window"] where keys[key] != nil {
            keys.reject(key, "this is not supported")
        }
    }

    /// The rotary base, from `rope_parameters` (transformers 5) or `rope_theta` (before), checked for scalings that
    /// we do not have.
    private static func ropeTheta(_ keys: inout KeyReader) -> Double {
        var theta = keys.number("rope_theta", default: 10_000)
        for key in ["rope_parameters", "rope_scaling"] {
            guard let value = keys[key] else { continue }
            guard case .object(let object) = value else {
                keys.reject(key, "an object is expected")
                continue
            }
            var inner = KeyReader(object)
            inner.demand("rope_type", .string("default"))
            inner.demand("type", .string("default"))
            inner.demand("partial_rotary_factor", .integer(1), .number(1))
            let known: Set = ["rope_type", "type", "partial_rotary_factor", "rope_theta"]
            let unknown = object.keys.filter { !known.contains($0) }.sorted()
            let given = inner.number("rope_theta", default: theta)
            if !inner.problems.isEmpty {
                keys.reject(key, inner.problems.joined(separator: "; "))
            } else if !unknown.isEmpty {
                keys.reject(key, "\(unknown.joined(separator: ", ")) is not supported")
            } else if keys["rope_theta"] != nil, given != theta {
                keys.reject(key, "its rope_theta differs from the \(theta) beside it")
            }
            theta = given
        }
        return theta
    }

    /// The file's content.
    /// - Parameter type: The weights' type in the file beside it.
    func json(weights type: ScalarType) -> JSONValue {
        let typeNames: [ScalarType: String] = [.f32: "float32", .bf16: "bfloat16", .f16: "float16"]
        var object: [String: JSONValue] = [
            "architectures": .array([.string("LlamaForCausalLM")]),
            "model_type": .string("llama"),
            "vocab_size": .integer(shape.vocabularySize),
            "hidden_size": .integer(shape.width),
            "intermediate_size": .integer(shape.feedForward),
            "num_hidden_layers": .integer(shape.layers),
            "num_attention_heads": .integer(shape.heads),
            "num_key_value_heads": .integer(shape.keyValueHeads),
            "head_dim": .integer(shape.headDimension),
            "hidden_act": .string("silu"),
            "attention_bias": .boolean(false),
            "mlp_bias": .boolean(false),
            "max_position_embeddings": .integer(shape.contextLength),
            // By way of decimal digits: 1e-05, not the 9.99999974737875e-06 that Float32 holds.
            "rms_norm_eps": .number(Double("\(shape.normEpsilon)")!),
            // Both spellings: readers before transformers 5 know only the first.
            "rope_theta": .number(shape.ropeTheta),
            "rope_parameters": .object([
                "rope_type": .string("default"), "rope_theta": .number(shape.ropeTheta),
            ]),
            "tie_word_embeddings": .boolean(shape.tiedHead),
            "dtype": .string(typeNames[type]!),
            "torch_dtype": .string(typeNames[type]!),
        ]
        object.merge(tokens.json) { $1 }
        return .object(object)
    }
}
