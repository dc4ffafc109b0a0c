/// The fields of `tokenizer_config.json` with which `transformers` reads our `tokenizer.model` or `tokenizer.json` to the same ids.
///
/// Checked with transformers 5.23. It rebuilds a SentencePiece model in its own engine: a BPE model through
/// `LlamaTokenizer` (which transformers 4 and llama.cpp's converter know too), a unigram model through
/// `TokenizersBackend` (transformers 5). Its unigram engine takes the text `<0x41>` for the byte piece of that
/// name; otherwise ids agree. A `tokenizer.json` says itself how texts are read.
package struct TransformersConfiguration: Codable, Equatable, Sendable {
    /// The class that transformers opens the model with.
    package var tokenizerClass: String
    /// The token that begins a sequence.
    package var beginToken: String?
    /// The token that ends a sequence.
    package var endToken: String?
    /// The token for text that no piece spells.
    package var unknownToken: String?
    /// The token that fills batches.
    package var paddingToken: String?
    /// Symbols that are found in text before anything else.
    package var additionalSpecialTokens: [String]?
    /// Whether texts begin with the begin token; nil where the `tokenizer.json` says so.
    package var addsBegin: Bool?
    /// Whether texts end with the end token.
    package var addsEnd: Bool?
    /// Whether a space is put before texts.
    package var addsPrefixSpace: Bool?
    /// False: text after a special token begins without a space.
    package var legacy: Bool?
    /// False: decoding leaves spaces before punctuation alone.
    package var cleansUpSpaces = false
    /// The chat template.
    package var chatTemplate: Template?

    /// One template in Jinja, or several by their names.
    package enum Template: Equatable, Sendable {
        /// For all chats.
        case single(String)
        /// One for chats without tools, and one for those with.
        case named([Named])

        /// A template with a name.
        package struct Named: Codable, Equatable, Sendable {
            /// `default` or `tool_use`.
            package let name: String
            /// The Jinja.
            package let template: String
        }
    }

    enum CodingKeys: String, CodingKey {
        case tokenizerClass = "tokenizer_class"
        case beginToken = "bos_token"
        case endToken = "eos_token"
        case unknownToken = "unk_token"
        case paddingToken = "pad_token"
        case additionalSpecialTokens = "additional_special_tokens"
        case addsBegin = "add_bos_token"
        case addsEnd = "add_eos_token"
        case addsPrefixSpace = "add_prefix_space"
        case legacy
        case cleansUpSpaces = "clean_up_tokenization_spaces"
        case chatTemplate = "chat_template"
    }
}

extension TransformersConfiguration.Template: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .single(text)
        } else {
            self = .named(try container.decode([Named].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .single(let text): try container.encode(text)
        case .named(let templates): try container.encode(templates)
        }
    }
}

extension ChatTemplate {
    /// The contents of `tokenizer_config.json` for a vocabulary used with this template.
    package func tokenizerConfiguration(for tokenizer: Tokenizer) -> TransformersConfiguration {
        var configuration = TransformersConfiguration(plain: tokenizer)
        let template = fitted(to: tokenizer)
        configuration.chatTemplate =
            if let toolUse = template.toolUseJinja {
                .named([
                    .init(name: "default", template: template.jinja),
                    .init(name: "tool_use", template: toolUse),
                ])
            } else {
                .single(template.jinja)
            }
        return configuration
    }
}

extension TransformersConfiguration {
    /// The contents of `tokenizer_config.json` for a vocabulary without a chat template.
    package init(plain tokenizer: Tokenizer) {
        beginToken = tokenizer.beginTokenID.map(tokenizer.piece)
        endToken = tokenizer.endID.map(tokenizer.piece)
        unknownToken = tokenizer.unknownID.map(tokenizer.piece)
        paddingToken = tokenizer.paddingID.map(tokenizer.piece)
        guard tokenizer.isSentencePiece else {
            tokenizerClass = "PreTrainedTokenizerFast"
            if tokenizer.beginID != nil { addsBegin = true }
            return
        }
        tokenizerClass = tokenizer.kind == .bpe ? "LlamaTokenizer" : "TokenizersBackend"
        additionalSpecialTokens = tokenizer.userDefinedIDs.map(tokenizer.piece)
        addsPrefixSpace = tokenizer.addsDummyPrefix
        // Texts are trained on with it.
        addsBegin = tokenizer.beginID != nil
        (addsEnd, legacy) = (false, false)
    }
}
