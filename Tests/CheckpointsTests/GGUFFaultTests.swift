import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// Damaged and hostile GGUF files: each is refused with one message, before anything is allocated by its claims.
@Suite struct GGUFFaultTests {
    typealias Change = @Sendable (inout GGUFBytes) -> Void

    static let refused: [(message: String, change: Change)] = [
        ("GGUF version 2, not 3", { $0.version = 2 }),
        ("the file is big-endian", { $0.version = 0x0300_0000 }),
        ("18446744073709551615 tensors are claimed", { $0.tensorCount = .max }),
        ("1000000 tensors are claimed, more than the file can hold", { $0.tensorCount = 1_000_000 }),
        ("1099511627776 metadata entries are claimed", { $0.pairCount = 1 << 40 }),
        ("1099511627776 bytes of text are claimed", { $0.pairs[0].value = GGUFBytes.bytes(UInt64(1) << 40) }),
        ("unknown value type 13", { $0.pairs[0].type = 13 }),
        (
            "4294967296 list elements are claimed",
            { $0.pairs.append(("list", 9, GGUFBytes.bytes(UInt32(4)) + GGUFBytes.bytes(UInt64(1) << 32))) }
        ),
        (
            "lists nested deeper than 4",
            {
                let list = GGUFBytes.bytes(UInt32(9)) + GGUFBytes.bytes(UInt64(1))
                $0.pairs.append(("list", 9, list + list + list + list + list))
            }
        ),
        ("the key \"general.architecture\" is given twice", { $0.pairs.append($0.pairs[0]) }),
        (
            "a text that is not UTF-8",
            { $0.pairs[0].value = GGUFBytes.bytes(UInt64(5)) + [0xFF, 0xFE, 0x41, 0x41, 0x41] }
        ),
        ("general.alignment is 12, no multiple of 8", { $0.add("general.alignment", 12 as UInt32) }),
        ("tensor \"output_norm.weight\" is given twice", { $0.tensors.append($0.tensors[1]) }),
        ("has 5 dimensions, not 1 to 4", { $0.tensors[0].shape = [1, 1, 1, 1, 16] }),
        ("has 0 dimensions, not 1 to 4", { $0.tensors[0].shape = [] }),
        ("has an extent of 0", { $0.tensors[0].shape = [0, 4] }),
        ("has an extent of 9223372036854775808", { $0.tensors[0].shape = [1 << 63, 4] }),
        ("is larger than any file", { $0.tensors[0].shape = [1 << 40, 1 << 40] }),
        ("has the type Q8_K, which is none of F32,", { $0.tensors[0].type = 15 }),
        ("has the type number 99", { $0.tensors[0].type = 99 }),
        ("or no whole blocks", { $0.tensors[0].type = 12 }),
        ("which overlap another's", { $0.tensors[1].offset = 32 }),
        ("not a multiple of 32", { $0.tensors[1].offset = 70 }),
        ("of which the file has", { $0.tensors[1].offset = 1 << 40 }),
        ("is larger than any file", { $0.tensors[1].offset = (1 << 63) - 8 }),
        ("of which the file has", { $0.data.removeLast(32) }),
        ("a tensor's name has 65 bytes", { $0.tensors[0].name = String(repeating: "n", count: 65) }),
        (
            "\"general.architecture\" is \"unknown\"; the architectures that are supported: gemma,",
            { $0.pairs[0].value = GGUFBytes.text("unknown") }
        ),
        (
            "\"general.architecture\" is \"qwen2moe\": experts that all tokens pass through",
            { $0.pairs[0].value = GGUFBytes.text("qwen2moe") }
        ),
        ("\"general.architecture\" is missing", { $0.pairs.removeFirst() }),
        ("\"llama.block_count\" is missing", { $0.pairs.remove(at: 3) }),
        ("10000000 layers, but only 11 tensors", { $0.pairs[3].value = GGUFBytes.bytes(UInt32(10_000_000)) }),
        ("layers 4294967295 is above 2^24", { $0.pairs[3].value = GGUFBytes.bytes(UInt32.max) }),
        ("token_embd.weight is [4, 4], not [4, 8]", { $0.pairs[2].value = GGUFBytes.bytes(UInt32(8)) }),
        ("missing: output_norm.weight", { $0.tensors[1].name = "other" }),
        (
            "\"llama.expert_used_count\" is missing: a whole number is expected",
            { $0.add("llama.expert_count", 8 as UInt32) }
        ),
        (
            "9 of 8 experts for each token",
            {
                $0.add("llama.expert_count", 8 as UInt32)
                $0.add("llama.expert_used_count", 9 as UInt32)
            }
        ),
        (
            "4000 experts in each of",
            {
                $0.add("llama.expert_count", 4000 as UInt32)
                $0.add("llama.expert_used_count", 2 as UInt32)
            }
        ),
        (
            "only none, linear, longrope and yarn are supported",
            { $0.add("llama.rope.scaling.type", "dynamic") }
        ),
        ("\"llama.rope.scaling.factor\" is missing", { $0.add("llama.rope.scaling.type", "yarn") }),
        (
            "\"llama.rope.scaling.yarn_beta_fast\" is 16: only 32.0 is supported",
            {
                $0.add("llama.rope.scaling.type", "yarn")
                $0.add("llama.rope.scaling.factor", 4 as UInt32)
                $0.add("llama.rope.scaling.yarn_beta_fast", 16 as UInt32)
            }
        ),
        (
            "holds a vocabulary of the kind \"bert\"; SentencePiece vocabularies",
            { $0.add("tokenizer.ggml.model", "bert") }
        ),
        (
            "does not say how its byte-level BPE vocabulary divides text (tokenizer.ggml.pre)",
            { $0.add("tokenizer.ggml.model", "gpt2") }
        ),
        (
            "divides text by \"nonesuch\" (tokenizer.ggml.pre), which is not supported; supported are ",
            {
                $0.add("tokenizer.ggml.model", "gpt2")
                $0.add("tokenizer.ggml.pre", "nonesuch")
            }
        ),
        (
            "\"tokenizer.ggml.tokens\" is missing; 4 texts are expected",
            {
                $0.add("tokenizer.ggml.model", "gpt2")
                $0.add("tokenizer.ggml.pre", "qwen2")
            }
        ),
        (
            "\"tokenizer.ggml.tokens\" is missing; 4 texts are expected",
            { $0.add("tokenizer.ggml.model", "llama") }
        ),
        (
            "\"tokenizer.ggml.tokens\" is a list of 2; 4 texts are expected",
            {
                $0.add("tokenizer.ggml.model", "llama")
                $0.add(
                    "tokenizer.ggml.tokens", list: 8, count: 2, GGUFBytes.text("a") + GGUFBytes.text("b"))
            }
        ),
        (
            "\"llama.context_length\" is \"long\": a whole number",
            {
                $0.pairs[1] = ("llama.context_length", 8, GGUFBytes.text("long"))
            }
        ),
        (
            "tensor \"token_embd.weight\" holds infinite values or NaN",
            {
                $0.data.replaceSubrange(0..<4, with: GGUFBytes.bytes(Float.nan.bitPattern))
            }
        ),
    ]

    private func load(_ data: Data, in directory: URL) throws -> Checkpoint {
        let url = directory.appending(path: "model.gguf")
        try data.write(to: url)
        return try Checkpoint.load(url)
    }

    @Test func theModelUnchangedIsSound() throws {
        try withTemporaryDirectory { directory in
            let decoder = try load(GGUFBytes.model().file, in: directory).decoder
            #expect(decoder.configuration.parameterCount == 4 * 4 * 8 + 3 * 4)
            // Rows 0 to 3 of a head of four: its halves alternate in the file.
            let rows = decoder.parameter("blocks.0.attention.queryKeyValue.weight").values
            #expect(Array(rows[4..<8]) == (8..<12).map { Float($0 % 7) })
            #expect(Array(rows[8..<12]) == (4..<8).map { Float($0 % 7) })
        }
    }

    @Test(arguments: refused.indices)
    func isRefused(index: Int) throws {
        let (message, change) = Self.refused[index]
        try withTemporaryDirectory { directory in
            var file = GGUFBytes.model()
            change(&file)
            let error = try userError { _ = try load(file.file, in: directory) }
            #expect(error.description.contains(message), "\(error)")
            #expect(error.file == directory.appending(path: "model.gguf").relativePath)
            #expect(error.status == .dataFormat)
        }
    }

    /// The last 16 bytes are padding, which some writers leave out.
    @Test func everyTruncationIsRefused() throws {
        let file = GGUFBytes.model().file
        try withTemporaryDirectory { directory in
            for length in stride(from: 4, to: file.count - 16, by: 3) {
                _ = try userError { _ = try load(file.prefix(length), in: directory) }
            }
        }
    }

    /// Random damage: the model loads, or a `UserError` says why not.
    @Test func randomDamageIsHandled() throws {
        let file = GGUFBytes.model().file
        var random = RandomStream(seed: 9, purpose: "damage")
        var refused = 0
        try withTemporaryDirectory { directory in
            for _ in 0..<1500 {
                var damaged = file
                for _ in 0...random.nextIndex(below: 4) {
                    damaged[random.nextIndex(below: file.count)] = UInt8(truncatingIfNeeded: random.next())
                }
                do { _ = try load(damaged, in: directory) } catch is UserError { refused += 1 }
            }
        }
        #expect(refused > 500)
    }
}
