import Foundation
import Support

/// Reads the probabilities of a prompt's tokens from an answer.
///
/// | form | of |
/// |---|---|
/// | `prompt_logprobs`: for each token an object, token ids as keys | vLLM |
/// | `logprobs` with `tokens`, `top_logprobs` as objects of texts | OpenAI's completions with `echo`, llama-cpp-python |
/// | `logprobs.content` or `completion_probabilities` with lists of entries | llama.cpp, for generated tokens alone |
struct ScoreReader {
    private let prompt: ScoredPrompt
    private var texts: TokenTexts { prompt.texts }

    init(_ prompt: ScoredPrompt) { self.prompt = prompt }

    /// - Parameters:
    ///   - choice: the answer
    ///   - tokens: the number of tokens that the server read; nil where it says none
    /// - Throws: `UserError` that says what is missing or wrong
    func scores(in choice: OrderedJSON, promptTokens tokens: Int?) throws(UserError) -> PromptScores {
        if let tokens, tokens != prompt.ids.count, tokens > 0 {
            throw TokenTexts.otherTokens("\(tokens) tokens", "\(prompt.ids.count)")
        }
        return switch prompt.wanted {
        case .next: try next(choice)
        case .rows(let rows): try scores(at: rows.map(Int.init), in: choice)
        }
    }

    private func scores(at rows: [Int], in choice: OrderedJSON) throws(UserError) -> PromptScores {
        if case .array(let list)? = choice["prompt_logprobs"] { return try byID(list, rows) }
        if let echo = choice["logprobs"], case .array(let tokens)? = echo["tokens"], tokens.count > 1,
            case .array(let top)? = echo["top_logprobs"], case .array(let own)? = echo["token_logprobs"]
        {
            guard top.count == tokens.count, own.count == tokens.count else {
                throw UserError("\"logprobs\" with lists of different lengths")
            }
            return try echoed(tokens, top, own, rows)
        }
        throw UserError("no log-probabilities of the prompt in its answer")
    }

    // MARK: vLLM

    private func byID(_ list: [OrderedJSON], _ rows: [Int]) throws(UserError) -> PromptScores {
        guard list.count == prompt.ids.count else {
            throw TokenTexts.otherTokens("\(list.count) tokens", "\(prompt.ids.count)")
        }
        var scores = PromptScores()
        for row in rows {
            guard case .object(let members) = list[row + 1] else {
                throw UserError("no log-probabilities of token \(row + 1) of the prompt")
            }
            var entries: [Int32: Double] = [:]
            for member in members {
                guard let id = Int32(member.key), let value = member.value["logprob"]?.double, texts.isID(id)
                else {
                    throw UserError(
                        "\"\(member.key.prefix(20))\" in \"prompt_logprobs\", which is no token of the tokenizer"
                    )
                }
                if case .string(let text)? = member.value["decoded_token"] {
                    try texts.requireText(text, of: id)
                }
                entries[id] = value
            }
            // The token of the prompt is always among them.
            let own = prompt.ids[row + 1]
            guard entries[own] != nil else {
                throw TokenTexts.otherTokens("another token \(row + 1)", "\"\(texts.tokenizer.piece(own))\"")
            }
            scores.append(try TokenTexts.sound(entries), k: prompt.k)
        }
        return scores
    }

    // MARK: Texts of tokens

    private func echoed(
        _ tokens: [OrderedJSON], _ top: [OrderedJSON], _ own: [OrderedJSON], _ rows: [Int]
    ) throws(UserError) -> PromptScores {
        let index = try alignment(tokens.map { if case .string(let text) = $0 { text } else { "" } })
        var scores = PromptScores(isEchoed: true)
        for row in rows {
            guard let place = index[row + 1], case .object(let members) = top[place] else {
                throw UserError(
                    "no log-probabilities of token \(row + 1) of the prompt (llama-cpp-python has none of the first token "
                        + "behind the begin token: there, label chats with loss_on: assistant)")
            }
            var entries = try texts.entries(named(members))
            let id = prompt.ids[row + 1]
            // Its own log-probability names the token of the prompt where its text does not.
            if let value = own[place].double {
                entries[id] = value
                // One that is not among the k likeliest is listed beside them.
                if members.count(where: { $0.value.double.map { $0 > value } ?? false }) >= prompt.k {
                    entries[id] = nil
                }
            }
            scores.append(try TokenTexts.sound(entries), k: prompt.k)
        }
        return scores
    }

    /// Where each token of the prompt is in the list. llama-cpp-python leaves out begin tokens where a prompt begins with one.
    private func alignment(_ given: [String]) throws(UserError) -> [Int: Int] {
        let all = Array(prompt.ids.enumerated())
        let begin = texts.tokenizer.beginTokenID
        var lists = [all]
        if begin != nil, prompt.ids.first == begin { lists.append(all.filter { $0.element != begin }) }
        for list in lists where (list.count...list.count + 1).contains(given.count) {
            if zip(list, given).allSatisfy({ texts.isText($1, of: $0.element) }) {
                return Dictionary(uniqueKeysWithValues: list.enumerated().map { ($1.offset, $0) })
            }
        }
        let place = zip(prompt.ids, given).first { !texts.isText($1, of: $0) }
        throw TokenTexts.otherTokens(
            place.map { "\"\($0.1.prefix(20))\"" } ?? "\(given.count) tokens",
            place.map { "\"\(texts.tokenizer.piece($0.0).prefix(20))\"" } ?? "\(prompt.ids.count)")
    }

    // MARK: Generated tokens

    private func next(_ choice: OrderedJSON) throws(UserError) -> PromptScores {
        var scores = PromptScores()
        let given = choice["logprobs"] ?? .null
        if case .array(let top)? = given["top_logprobs"], case .object(let members)? = top.first {
            scores.append(try texts.entries(named(members), spacesMayBeLost: true), k: prompt.k)
            return scores
        }
        for list in [given["content"], choice["completion_probabilities"]] {
            guard case .array(let tokens)? = list, case .array(let top)? = tokens.first?["top_logprobs"]
            else { continue }
            scores.append(
                try texts.entries(top.map(NamedToken.init), spacesMayBeLost: true), k: prompt.k)
            return scores
        }
        throw UserError("no log-probabilities in its answer")
    }

    /// The members of an object with texts as keys.
    private func named(_ members: [OrderedJSON.Member]) -> [NamedToken] {
        members.compactMap { member in
            member.value.double.map { NamedToken(text: member.key, logProbability: $0) }
        }
    }
}
