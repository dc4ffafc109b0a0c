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
        add(prefix + "attention.head_count", shape.heads)
        add(prefix + "attention.head_count_kv", shape.keyValueHeads)
        add(prefix + "attention.key_length", shape.headDimension)
        add(prefix + "attention.value_length", shape.headDimension)
        add(prefix + "attention.layer_norm_rms_epsilon", Double(shape.normEpsilon))
        add(prefix + "rope.dimension_count", shape.turnedComponents)
        add(prefix + "rope.freq_base", shape.ropeTheta)
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

    /// All weights, matrices rounded to `dtype` where their rows are whole blocks of it; nil writes each as it is in
    /// memory, those kept as stored byte for byte.
    mutating func add(_ decoder: DecoderModel, _ family: GGUFFamily, as dtype: DType?) {
        let tensors = Dictionary(uniqueKeysWithValues: decoder.parameters.map { ($0.name, $0.tensor) })
        let maps = GGUFNames.parameters(
            of: decoder.configuration, family, fusesQueryKeyValue: family.fusesQueryKeyValue)
        for map in maps {
            for part in map.parts {
                let tensor = tensors[map.name]!
                if dtype == nil, let stored = tensor.stored, let kept = stored.dtype(of: part.rows) {
                    add(
                        Entry(name: part.name, shape: part.shape, dtype: kept) { writer in
                            let rows = (0..<part.rows.count).map { part.rows.lowerBound + part.sourceRow($0) }
                            for part in stored.selecting(rows: rows).parts { try writer.write(part.bytes) }
                        })
                    continue
                }
                if map.isDividedVector {
                    let values = tensor.values
                    let ordered = part.rows.indices.map {
                        values[part.rows.lowerBound + part.sourceRow($0 - part.rows.lowerBound)]
                    }
                    add(
                        Entry(name: part.name, shape: part.shape, dtype: .f32) { writer in
                            try ordered.withUnsafeBytes { try writer.write($0) }
                        })
                    continue
                }
                let chosen = part.shape.count == 1 ? .f32 : (dtype ?? .f32).fitting(width: part.shape.last!)
                add(
                    Entry(name: part.name, shape: part.shape, dtype: chosen) {
                        try Self.write(tensor, part, as: chosen, to: &$0)
                    })
            }
        }
    }

    /// Rows of a thread's turn: 256 KiB of Float32.
    private static let floatsAtOnce = 1 << 16

    /// - Throws: `UserError` naming the tensor, if a value is beyond what `dtype` can hold.
    private static func write(
        _ tensor: Tensor, _ part: ParameterMap.Part, as dtype: DType, to writer: inout FileWriter
    ) throws {
        let width = tensor.width
        let rows = part.shape.count == 1 ? 0..<1 : part.rows
        let rowBytes = dtype.byteCount(width)!
        let step = max(1, floatsAtOnce / width)
        // So many turns at once that all threads have some, and then the writing.
        let stride = step * 4 * Parallel.threads
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: stride * rowBytes, alignment: 64)
        let largest = UnsafeMutableBufferPointer<Float>.allocate(capacity: stride)
        defer {
            buffer.deallocate()
            largest.deallocate()
        }
        let maxima = UInt(bitPattern: largest.baseAddress!)
        for start in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: stride) {
            let range = start..<min(start + stride, rows.upperBound)
            let address = UInt(bitPattern: buffer.baseAddress!)
            Parallel.forRanges(of: range.count, grain: step) { piece in
                for row in piece {
                    let source = part.sourceRow(range.lowerBound - rows.lowerBound + row) + rows.lowerBound
                    tensor.withUnsafeRows(source..<source + 1) {
                        UnsafeMutablePointer<Float>(bitPattern: maxima)![row] =
                            $0.reduce(0) { max($0, $1.magnitude) }
                        Quantizer.quantize(
                            $0.baseAddress!, count: width, to: dtype,
                            into: UnsafeMutableRawPointer(bitPattern: address)! + row * rowBytes)
                    }
                }
            }
            if let value = largest[..<range.count].first(where: { $0 >= dtype.overflowMagnitude }) {
                throw UserError(
                    "cannot save: the weight \(part.name) holds a value of magnitude \(value), beyond the range "
                        + "of \(dtype.rawValue)",
                    hint: dtype == .bf16 ? "choose f32" : "choose bf16 or f32")
            }
            try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<(range.count * rowBytes)]))
        }
    }
}

extension ParameterMap.Part {
    /// Which of our rows, counted from the part's first, a row of the file is.
    fileprivate func sourceRow(_ row: Int) -> Int {
        guard let heads = interleavedHeads else { return row }
        let dimension = rows.count / heads
        let (head, place) = (row / dimension, row % dimension)
        return head * dimension + place % 2 * (dimension / 2) + place / 2
    }
}
