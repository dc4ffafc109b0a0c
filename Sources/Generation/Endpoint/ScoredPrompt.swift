import Support

/// Tokens of which an endpoint is asked for the probabilities of each next one.
package struct ScoredPrompt: Sendable {
    /// How the tokens are sent.
    package enum Form: String, CaseIterable, Sendable {
        /// As ids: no server reads them otherwise.
        case ids
        /// As a text, with control tokens by their spelling.
        case text
        /// The same without the begin token, which the server adds.
        case textWithoutBegin
    }

    /// What is asked for.
    package enum Wanted: Equatable, Sendable {
        /// The distributions at rows of the prompt, rising: each that of the row's next token.
        case rows([Int32])
        /// The distribution behind the prompt.
        case next
    }

    let ids: [Int32]
    let wanted: Wanted
    let form: Form
    /// The most tokens of a distribution.
    let k: Int
    let texts: TokenTexts

    package init(ids: [Int32], wanted: Wanted, form: Form, k: Int, texts: TokenTexts) {
        (self.ids, self.wanted, self.form, self.k, self.texts) = (ids, wanted, form, k, texts)
    }

    fileprivate var json: OrderedJSON {
        switch form {
        case .ids: .array(ids.map { .integer(Int($0)) })
        case .text: .string(texts.prompt(of: ids, withBegin: true))
        case .textWithoutBegin: .string(texts.prompt(of: ids, withBegin: false))
        }
    }
}

extension CompletionRequest {
    /// Asks for probabilities of a prompt's tokens.
    ///
    /// `logprobs` with `echo` is OpenAI's, `prompt_logprobs` vLLM's; servers leave out what they do not know. One token must be generated at
    /// least; it is of no interest.
    init(_ prompt: ScoredPrompt, endpoint: Endpoint) {
        var members: [OrderedJSON.Member] = [
            .init("model", .string(endpoint.model)), .init("prompt", prompt.json),
            .init("max_tokens", .integer(1)), .init("temperature", .number(1)),
            .init("logprobs", .integer(prompt.k)),
        ]
        switch prompt.wanted {
        case .rows:
            members.append(.init("echo", .boolean(true)))
            members.append(.init("prompt_logprobs", .integer(prompt.k)))
        case .next:
            // llama.cpp's server returns no probabilities for an end-of-sequence token. Those of others are before any sampler.
            members.append(.init("ignore_eos", .boolean(true)))
        }
        self.init(
            route: .completions, members: members, endpoint: endpoint,
            reserved: TokenUsage(input: prompt.ids.count + 1, output: 1), scored: prompt)
    }
}
