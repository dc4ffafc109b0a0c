/// In files the positions are columns, which Arrow and thus Hugging Face `datasets` read:
/// `{"tokens": [" the"], "token_logprobs": [-0.5], "top_tokens": [[" the", " a"]], "top_logprobs": [[-0.5, -1.3]]}`, with `token_ids` and
/// `top_ids` where the server gives ids.
extension AnswerLogprobs: Codable {
    private enum CodingKeys: String, CodingKey {
        case tokens
        case tokenLogprobs = "token_logprobs"
        case tokenIDs = "token_ids"
        case topTokens = "top_tokens"
        case topLogprobs = "top_logprobs"
        case topIDs = "top_ids"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let tokens = try Self.tokens(
            try container.decode([String].self, forKey: .tokens),
            try container.decode([Double].self, forKey: .tokenLogprobs),
            try container.decodeIfPresent([Int32].self, forKey: .tokenIDs), container, .tokens)
        let topTokens = try container.decode([[String]].self, forKey: .topTokens)
        let topLogprobs = try container.decode([[Double]].self, forKey: .topLogprobs)
        let topIDs = try container.decodeIfPresent([[Int32]].self, forKey: .topIDs)
        guard
            [topTokens.count, topLogprobs.count, topIDs?.count ?? tokens.count].allSatisfy({
                $0 == tokens.count
            })
        else { throw Self.unequal(container, .topTokens) }
        positions = try tokens.enumerated().map { index, token in
            Position(
                token: token,
                top: try Self.tokens(
                    topTokens[index], topLogprobs[index], topIDs?[index], container, .topTokens))
        }
    }

    private static func tokens(
        _ spellings: [String], _ values: [Double], _ ids: [Int32]?,
        _ container: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys
    ) throws -> [NamedToken] {
        guard values.count == spellings.count, ids?.count ?? values.count == values.count else {
            throw unequal(container, key)
        }
        return spellings.indices.map {
            NamedToken(spelling: spellings[$0], logProbability: values[$0], id: ids?[$0])
        }
    }

    private static func unequal(
        _ container: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys
    ) -> DecodingError {
        .dataCorruptedError(forKey: key, in: container, debugDescription: "lists of different lengths")
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(positions.map(\.token.spelling), forKey: .tokens)
        try container.encode(positions.map { Self.rounded($0.token.logProbability) }, forKey: .tokenLogprobs)
        try container.encode(positions.map { $0.top.map(\.spelling) }, forKey: .topTokens)
        try container.encode(
            positions.map { $0.top.map { Self.rounded($0.logProbability) } }, forKey: .topLogprobs)
        if positions.allSatisfy({ $0.token.id != nil && $0.top.allSatisfy { $0.id != nil } }) {
            try container.encode(positions.map(\.token.id), forKey: .tokenIDs)
            try container.encode(positions.map { $0.top.map(\.id) }, forKey: .topIDs)
        }
    }

    /// A signal cache stores probabilities to 2 × 10⁻⁴ of their value; more digits would only lengthen files.
    private static func rounded(_ value: Double) -> Double { (value * 1e4).rounded() / 1e4 }
}
