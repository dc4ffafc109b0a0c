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

    init(_ prompt: ScoredPrompt) { self.prompt = prompt }

    /// - Parameters:
    ///   - choice: the answer
    ///   - tokens: the number of tokens that the server read; nil where it says none
    /// - Throws: `UserError` that says what is missing or wrong
    func scores(in choice: OrderedJSON, promptTokens tokens: Int?) throws(UserError) -> PromptScores {
        if let tokens, tokens != prompt.ids.count, tokens > 0 {
            throw otherTokens("\(tokens) tokens", "\(prompt.ids.count)")
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

    private func otherTokens(_ theirs: String, _ ours: String) -> UserError {
        UserError("it reads other tokens: \(theirs) where the tokenizer has \(ours)")
    }

    // MARK: vLLM

    private func byID(_ list: [OrderedJSON], _ rows: [Int]) throws(UserError) -> PromptScores {
        guard list.count == prompt.ids.count else {
            throw otherTokens("\(list.count) tokens", "\(prompt.ids.count)")
        }
        var scores = PromptScores(isEchoed: false)
        for row in rows {
            guard case .object(let members) = list[row + 1] else {
                throw UserError("no log-probabilities of token \(row + 1) of the prompt")
            }
            var entries: [Int32: Double] = [:]
            for member in members {
                guard let id = Int32(member.key), let value = number(member.value["logprob"]), isID(id) else {
                    throw UserError(
                        "\"\(member.key.prefix(20))\" in \"prompt_logprobs\", which is no token of the tokenizer"
                    )
                }
                if case .string(let text)? = member.value["decoded_token"] { try requireText(text, of: id) }
                entries[id] = value
            }
            // The token of the prompt is always among them.
            let own = prompt.ids[row + 1]
            guard entries[own] != nil else {
                throw otherTokens("another token \(row + 1)", "\"\(prompt.texts.tokenizer.piece(own))\"")
            }
            scores.append(try sound(entries), k: prompt.k)
        }
        return scores
    }

    private func isID(_ id: Int32) -> Bool { (0..<Int32(prompt.texts.tokenizer.vocabularySize)).contains(id) }

    /// Refuses a text that the tokenizer has not for an id. Decoded alone, a token may lose its space, or be no whole character.
    private func requireText(_ text: String, of id: Int32) throws(UserError) {
        let bytes = prompt.texts.tokenizer.bytes(of: id)
        guard let own = String(validating: bytes, as: UTF8.self), !own.isEmpty, !text.isEmpty,
            !text.contains("\u{FFFD}")
        else { return }
        func word(_ text: String) -> String {
            text.replacing("\u{2581}", with: " ").replacing("\u{0120}", with: " ").trimmingCharacters(
                in: .whitespaces)
        }
        guard word(text) == word(own) || text == prompt.texts.tokenizer.piece(id) else {
            throw otherTokens("token \(id) is \"\(text.prefix(20))\"", "\"\(own.prefix(20))\"")
        }
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
            var entries = try entries(byText: members)
            let id = prompt.ids[row + 1]
            // Its own log-probability names the token of the prompt where its text does not.
            if let value = number(own[place]) {
                entries[id] = value
                // One that is not among the k likeliest is listed beside them.
                if members.count(where: { number($0.value).map { $0 > value } ?? false }) >= prompt.k {
                    entries[id] = nil
                }
            }
            scores.append(try sound(entries), k: prompt.k)
        }
        return scores
    }

    /// Where each token of the prompt is in the list. llama-cpp-python leaves out begin tokens where a prompt begins with one.
    private func alignment(_ texts: [String]) throws(UserError) -> [Int: Int] {
        let all = Array(prompt.ids.enumerated())
        let begin = prompt.texts.tokenizer.beginTokenID
        var lists = [all]
        if begin != nil, prompt.ids.first == begin { lists.append(all.filter { $0.element != begin }) }
        for list in lists where (list.count...list.count + 1).contains(texts.count) {
            if zip(list, texts).allSatisfy({ prompt.texts.isText($1, of: $0.element) }) {
                return Dictionary(uniqueKeysWithValues: list.enumerated().map { ($1.offset, $0) })
            }
        }
        let place = zip(prompt.ids, texts).first { !prompt.texts.isText($1, of: $0) }
        throw otherTokens(
            place.map { "\"\($0.1.prefix(20))\"" } ?? "\(texts.count) tokens",
            place.map { "\"\(prompt.texts.tokenizer.piece($0.0).prefix(20))\"" } ?? "\(prompt.ids.count)")
    }

    /// What a server says of a token.
    private struct Named {
        var text = ""
        var id: Int32?
        var bytes: [UInt8]?
        var value: Double?
    }

    /// Tokens that are named without doubt; the others are left to the tail.
    private func entries(_ named: [Named]) throws(UserError) -> [Int32: Double] {
        var entries: [Int32: Double] = [:]
        var twice: Set<Int32> = []
        for token in named {
            let text = token.bytes.map { String(validating: $0, as: UTF8.self) } ?? token.text
            guard let value = token.value, let id = token.id ?? text.flatMap(prompt.texts.id) else {
                continue
            }
            guard isID(id) else { throw UserError("token \(id), which the tokenizer does not have") }
            if token.id != nil { try requireText(token.text, of: id) }
            if entries.updateValue(value, forKey: id) != nil { twice.insert(id) }
        }
        for id in twice { entries[id] = nil }
        return entries
    }

    /// The members of an object with texts as keys.
    private func entries(byText members: [OrderedJSON.Member]) throws(UserError) -> [Int32: Double] {
        try entries(members.map { Named(text: $0.key, value: number($0.value)) })
    }

    // MARK: Generated tokens

    private func next(_ choice: OrderedJSON) throws(UserError) -> PromptScores {
        var scores = PromptScores(isEchoed: false)
        let given = choice["logprobs"] ?? .null
        if case .array(let top)? = given["top_logprobs"], case .object(let members)? = top.first {
            // Nothing shows here whether the server leaves out the space before a word.
            scores.append(
                try sound(entries(byText: members.filter { !prompt.texts.losesSpace($0.key) })), k: prompt.k)
            return scores
        }
        for list in [given["content"], choice["completion_probabilities"]] {
            guard case .array(let tokens)? = list, case .array(let top)? = tokens.first?["top_logprobs"]
            else { continue }
            let named = top.map { entry in
                var token = Named(bytes: bytes(entry["bytes"]), value: number(entry["logprob"]))
                if case .string(let text)? = entry["token"] { token.text = text }
                if case .integer(let id)? = entry["id"] { token.id = Int32(exactly: id) }
                return token
            }
            scores.append(try sound(entries(named)), k: prompt.k)
            return scores
        }
        throw UserError("no log-probabilities in its answer")
    }

    private func bytes(_ value: OrderedJSON?) -> [UInt8]? {
        guard case .array(let values)? = value else { return nil }
        return values.map { if case .integer(let byte) = $0 { UInt8(truncatingIfNeeded: byte) } else { 0 } }
    }

    // MARK: Numbers

    private func number(_ value: OrderedJSON?) -> Double? {
        switch value {
        case .number(let number)?: number
        case .integer(let number)?: Double(number)
        default: nil
        }
    }

    private func sound(_ entries: [Int32: Double]) throws(UserError) -> [Int32: Double] {
        let sum = entries.values.reduce(0) { $0 + exp($1) }
        guard sum < Self.largestSum else {
            throw UserError("probabilities that add up to \(sum)")
        }
        return entries
    }

    /// What the rounding of half precision leaves of 1.
    private static let largestSum = 1.02
}
