import Support
import Tokenization

/// The tokens of an answer, each with the likeliest tokens in its place: what an endpoint returns where `logprobs` and `top_logprobs`
/// are asked for.
package struct AnswerLogprobs: Equatable, Sendable {
    /// A token of the answer.
    package struct Position: Equatable, Sendable {
        package var token: NamedToken
        package var top: [NamedToken]

        package init(token: NamedToken, top: [NamedToken]) { (self.token, self.top) = (token, top) }
    }

    package var positions: [Position]

    package init(positions: [Position]) { self.positions = positions }

    /// Reads those of an answer.
    ///
    /// - Parameter choice: the answer, as `/chat/completions` returns it
    /// - Throws: `UserError` where there are none
    init(_ choice: OrderedJSON) throws(UserError) {
        guard case .array(let tokens)? = choice["logprobs"]?["content"], !tokens.isEmpty else {
            throw UserError("no log-probabilities in its answer")
        }
        positions = []
        for entry in tokens {
            guard case .array(let top)? = entry["top_logprobs"] else {
                throw UserError("a token without \"top_logprobs\" in its answer")
            }
            positions.append(Position(token: NamedToken(entry), top: top.map(NamedToken.init)))
        }
        guard positions.contains(where: { $0.token.isKnown || $0.top.contains(where: \.isKnown) }) else {
            throw UserError("no log-probabilities in its answer")
        }
    }
}

extension AnswerLogprobs {
    /// The log-probabilities of a distribution's likeliest tokens, by their ids.
    package typealias Entries = [Int32: Double]

    /// The distributions at the tokens of a document that spell the answer.
    ///
    /// Where the tokenizer divides the answer as the endpoint's model did, each token has its distribution. Where it does not (models
    /// sample other divisions of a text than tokenizers choose), the first token of the different part has one, since the text before it is
    /// the same, and the others have none. The token that ends the answer has one only if the endpoint returns it.
    ///
    /// - Parameter ids: tokens of the document from the first one of the answer, with its end
    /// - Returns: for each token its entries, nil where there are none; nil when the tokens spell another text
    /// - Throws: `UserError` for tokens that are not the tokenizer's
    package func entries(
        at ids: some Collection<Int32>, _ texts: TokenTexts
    ) throws(UserError) -> [Entries?]? {
        if let entries = try entries(at: ids, texts, from: 0)?.entries { return entries }
        // What the model wrote before, such as reasoning, may be no part of the turn.
        for start in positions.indices.dropFirst().reversed() {
            if let found = try entries(at: ids, texts, from: start), found.reachesEnd { return found.entries }
        }
        return nil
    }

    /// The same where the turn begins at a token of the answer, and whether it reaches to the answer's end or that of the document.
    private func entries(
        at ids: some Collection<Int32>, _ texts: TokenTexts, from start: Int
    ) throws(UserError) -> (entries: [Entries?], reachesEnd: Bool)? {
        var walk = Walk(positions: positions[start...], texts: texts)
        var entries: [Entries?] = []
        for id in ids {
            switch try walk.next(id) {
            case .known(let found): entries.append(found)
            case .unknown: entries.append(nil)
            case .otherText: return nil
            }
        }
        return (entries, walk.reachesEnd)
    }

    /// A walk along both divisions of a text.
    private struct Walk {
        /// What is known of a token of the document.
        enum Step {
            case known(Entries)
            case unknown
            /// It spells another text than the answer.
            case otherText
        }

        var positions: ArraySlice<Position>
        let texts: TokenTexts
        /// What the endpoint's tokens have spelt and the document's not yet.
        private var ahead: [UInt8] = []
        private var isFirst = true
        private var hasEnded = false
        /// Whether the turn does not end before the answer does.
        private(set) var reachesEnd = true
        /// Whether a token was taken for the same by a text that several have.
        private var isUncertain = false
        /// Whether a token's bytes are not known, so that the divisions cannot be compared any more.
        private var isLost = false

        init(positions: ArraySlice<Position>, texts: TokenTexts) {
            (self.positions, self.texts) = (positions, texts)
        }

        /// Takes the next token of the document.
        mutating func next(_ id: Int32) throws(UserError) -> Step {
            defer { isFirst = false }
            if hasEnded || isLost { return .unknown }
            let isEnd = texts.tokenizer.kind(of: id) == .control
            if isEnd { hasEnded = true }
            guard ahead.isEmpty else { return isEnd || follow(id) ? .unknown : .otherText }
            guard let position = positions.first else {
                // Some templates write a space before the end.
                let isSpace = texts.tokenizer.bytes(of: id).allSatisfy { [0x20, 0x0A].contains($0) }
                return isEnd || isSpace ? .unknown : .otherText
            }
            let isSame = position.token.id.map { $0 == id } ?? texts.isText(position.token.name ?? "", of: id)
            // A stop string, which is no part of the text, can follow it.
            if isEnd, !isSame {
                reachesEnd = false
                return .unknown
            }
            let others = position.top.filter { !$0.isSame(as: position.token) }
            let entries = try texts.entries([position.token] + others, spacesMayBeLost: true)
            if isSame {
                positions.removeFirst()
                if position.token.exactBytes == nil { isUncertain = true }
            } else if !follow(id) {
                return .otherText
            }
            // Of the end of an answer vLLM knows nothing.
            return isLost || entries.isEmpty ? .unknown : .known(entries)
        }

        /// Takes a token where the divisions differ; returns whether it spells the answer, as far as that is known.
        private mutating func follow(_ id: Int32) -> Bool {
            var bytes = texts.tokenizer.bytes(of: id)
            let theirs = positions.first?.token.exactBytes?.first
            // SentencePiece puts a space before a text.
            if isFirst, bytes.first == 0x20, theirs != 0x20 { bytes.removeFirst() }
            while ahead.count < bytes.count, let position = positions.popFirst() {
                guard let next = position.token.exactBytes else { return lose() }
                ahead += next
            }
            if isFirst, theirs == 0x20, bytes.first != 0x20 { ahead.removeFirst() }
            guard ahead.starts(with: bytes) else {
                return isUncertain && lose()
            }
            ahead.removeFirst(bytes.count)
            return true
        }

        private mutating func lose() -> Bool {
            (isLost, reachesEnd) = (true, false)
            return true
        }
    }
}
