import Foundation
import Support
import Tensors
import Tokenization
import Transformer

extension GGUFWriter {
    /// The metadata of a model's shape; the reverse of `GGUFConfiguration`.
    mutating func add(_ shape: Configuration, _ family: GGUFFamily) {
        guard let architecture = family.architecture else {
            preconditionFailure("\(shape.family.name) models are written as an equivalent family's")
        }
        let prefix = architecture + "."
        add("general.architecture", architecture)
        add(prefix + "context_length", shape.contextLength)
        add(prefix + "embedding_length", shape.width)
        add(prefix + "block_count", shape.layers)
        add(prefix + "feed_forward_length", shape.feedForward)
        if let experts = shape.experts {
            add(prefix + "expert_count", experts.count)
            add(prefix + "expert_used_count", experts.perToken)
            if family.experts?.haveOwnWidth == true {
                add(architecture + GGUFExperts.widthKey(family), shape.feedForward)
            }
        }
        add(prefix + "attention.head_count", shape.heads)
        add(prefix + "attention.head_count_kv", shape.keyValueHeads)
        add(prefix + "attention.key_length", shape.headDimension)
        add(prefix + "attention.value_length", shape.headDimension)
        add(architecture + GGUFConfiguration.epsilonKey(shape.family), Double(shape.normEpsilon))
        if shape.family.positions == .rotary {
            add(prefix + "rope.dimension_count", shape.turnedComponents)
            add(prefix + "rope.freq_base", shape.ropeTheta)
        }
        add(prefix + "vocab_size", shape.vocabularySize)
        if let window = shape.slidingWindow, family.window != nil {
            add(prefix + "attention.sliding_window", window.size)
            if family.window?.fullAttentionEvery != nil {
                let windowed = Set(window.layers)
                add(
                    prefix + "attention.sliding_window_pattern",
                    (0..<shape.layers).map { windowed.contains($0) })
            }
            if let theta = window.ropeTheta { add(prefix + "rope.freq_base_swa", theta) }
        }
        if let scalar = shape.queryScalar { add(prefix + "attention.scale", pow(scalar, -0.5)) }
        if shape.family.choices.contains(.multipliers) {
            let multipliers = shape.multipliers ?? Multipliers()
            add(prefix + "embedding_scale", multipliers.embedding)
            add(prefix + "residual_scale", multipliers.residual)
            add(prefix + "logit_scale", multipliers.logitDivisor)
        }
        if shape.family.choices.contains(.parallelResidual) {
            add(prefix + "use_parallel_residual", shape.parallelResidual == true)
        }
        if let cap = shape.attentionSoftCap { add(prefix + "attn_logit_softcapping", Double(cap)) }
        if let cap = shape.logitSoftCap { add(prefix + "final_logit_softcapping", Double(cap)) }
        addScaling(shape, family, prefix: prefix)
    }

    private mutating func addScaling(_ shape: Configuration, _ family: GGUFFamily, prefix: String) {
        func factors(isLong: Bool, name: String) -> Entry {
            let values = shape.ropeScaling!.divisors(
                dimension: shape.turnedComponents, theta: shape.ropeTheta, isLong: isLong)
            return Entry(name: name, shape: [values.count], dtype: .f32) { writer in
                try values.withUnsafeBytes { try writer.write($0) }
            }
        }
        switch shape.ropeScaling {
        case nil: break
        case .linear(let factor):
            add(prefix + "rope.scaling.type", "linear")
            add(prefix + "rope.scaling.factor", factor)
        case .yarn(let yarn): add(yarn, prefix: prefix)
        case .llama3: add(factors(isLong: false, name: "rope_freqs.weight"))
        case .longrope(let short, let long, let original, let attention):
            if short == long, attention == 1, family.writesFrequencyFactors {
                return add(factors(isLong: false, name: "rope_freqs.weight"))
            }
            add(prefix + "rope.scaling.original_context_length", original)
            add(prefix + "rope.scaling.attn_factor", attention)
            add(factors(isLong: true, name: "rope_factors_long.weight"))
            add(factors(isLong: false, name: "rope_factors_short.weight"))
        }
    }

    /// The vocabulary, as the converters of llama.cpp write it.
    /// - Throws: `UserError` for a `tokenizer.json` that divides text in a way that GGUF has no name for, or is not byte-level.
    mutating func add(_ tokenizer: Tokenizer, template: ChatTemplate?) throws {
        if tokenizer.isSentencePiece {
            addSentencePiece(tokenizer)
        } else if let model = tokenizer.bytePairModel {
            add(model)
        } else {
            throw UserError(
                tokenizer.isByteLevel
                    ? "cannot save: GGUF has no name (tokenizer.ggml.pre) for how this tokenizer.json divides text"
                    : "cannot save: this tokenizer.json is not byte-level, and llama.cpp would give some texts other ids",
                hint: "write a Hugging Face directory", status: .configuration)
        }
        add("tokenizer.ggml.add_bos_token", tokenizer.beginID != nil)
        add("tokenizer.ggml.add_eos_token", false)
        if let map = tokenizer.charactersMap { add("tokenizer.ggml.precompiled_charsmap", bytes: map) }
        if let template {
            add("tokenizer.chat_template", template.fitted(to: tokenizer).jinja)
            if let toolUse = template.toolUseJinja {
                add("tokenizer.chat_template.tool_use", toolUse)
                add("tokenizer.chat_templates", ["tool_use"])
            }
        }
    }

    private mutating func addSentencePiece(_ tokenizer: Tokenizer) {
        let ids = 0..<Int32(tokenizer.vocabularySize)
        add("tokenizer.ggml.model", tokenizer.kind == .bpe ? "llama" : "t5")
        add("tokenizer.ggml.pre", "default")
        add(
            "tokenizer.ggml.tokens",
            ids.map { id in
                let piece = tokenizer.piece(id)
                return tokenizer.kind(of: id) == .userDefined ? piece.replacing("\u{2581}", with: " ") : piece
            })
        add("tokenizer.ggml.scores", ids.map(tokenizer.score))
        add("tokenizer.ggml.token_type", ids.map { Int32(tokenizer.kind(of: $0).number) })
        if let unknown = tokenizer.unknownID { add("tokenizer.ggml.unknown_token_id", Int(unknown)) }
        add("tokenizer.ggml.add_space_prefix", tokenizer.addsDummyPrefix)
        add("tokenizer.ggml.remove_extra_whitespaces", tokenizer.removesExtraWhitespace)
    }

    private mutating func add(_ model: BytePairModel) {
        add("tokenizer.ggml.model", "gpt2")
        add("tokenizer.ggml.pre", model.preTokenizer.name)
        add("tokenizer.ggml.tokens", model.pieces)
        // Converters write an unknown token as a control token; llama.cpp has no other use for it in BPE.
        add(
            "tokenizer.ggml.token_type",
            model.kinds.map { Int32(($0 == .unknown ? PieceKind.control : $0).number) })
        add("tokenizer.ggml.merges", model.merges)
    }

    /// The ids that begin, end and fill sequences. A second end is the end of a turn, a third that of a message.
    mutating func add(_ tokens: SpecialTokens) {
        let named = [
            ("bos", tokens.begin), ("eos", tokens.ends.first), ("eot", tokens.ends.dropFirst().first),
            ("eom", tokens.ends.dropFirst(2).first), ("padding", tokens.padding),
        ]
        for (name, id) in named {
            if let id { add("tokenizer.ggml.\(name)_token_id", Int(id)) }
        }
    }
}
