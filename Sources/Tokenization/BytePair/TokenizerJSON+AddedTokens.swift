import Foundation

extension TokenizerJSON {
    /// The added tokens of a file, as they are used with the files beside it.
    ///
    /// - Parameters:
    ///   - listed: What the `tokenizer.json` lists.
    ///   - configuration: Says which tokens are special, gives flags, and names pieces that are added tokens too.
    ///   - pieces: All pieces of the vocabulary, the listed tokens among them.
    /// - Returns: The listed tokens in their order, and those that the configuration adds.
    static func addedTokens(
        _ listed: [AddedTokens.Token], following configuration: TokenizerConfiguration, _ pieces: PieceTable
    ) -> [AddedTokens.Token] {
        let specials = configuration.allSpecialTokens
        // By bytes: Swift's == takes é and e + ´ for the same.
        let described = Dictionary(
            configuration.describedTokens.map { (Array($0.content.utf8), $0) }, uniquingKeysWith: { $1 })
        let used = listed.map { token in
            var used = token
            let other = described[Array(token.content.utf8)]
            used.isSpecial = token.isSpecial || other?.isSpecial ?? false || specials.contains(token.content)
            // Other flags of a special token change nothing: no text becomes it.
            guard !used.isSpecial, let other else { return used }
            (used.stripsLeft, used.stripsRight) = (other.stripsLeft, other.stripsRight)
            (used.isSingleWord, used.isNormalized) = (other.isSingleWord, other.isNormalized)
            return used
        }
        let known = Set(listed.map(\.id))
        return used
            + configuration.describedTokens.filter {
                pieces.id(of: $0.content) == $0.id && !known.contains($0.id)
            }
    }

    /// A file with other added tokens.
    /// - Parameter range: Of the value of `added_tokens`; nil if the file has none.
    static func data(_ data: Data, _ range: Range<Int>?, replacing tokens: [AddedTokens.Token]) -> Data {
        var text = JSONText()
        guard let range else {
            let start = (data.firstIndex(of: UInt8(ascii: "{")) ?? data.startIndex) + 1
            text.raw("\"added_tokens\":")
            text.addedTokens(tokens)
            text.raw(",")
            return data[..<start] + text.bytes + data[start...]
        }
        text.addedTokens(tokens)
        let start = data.startIndex
        return data[..<(start + range.lowerBound)] + text.bytes + data[(start + range.upperBound)...]
    }
}

extension JSONText {
    /// The list of added tokens.
    mutating func addedTokens(_ tokens: [AddedTokens.Token]) {
        raw("[")
        for (index, token) in tokens.enumerated() {
            raw(index > 0 ? ",\n" : "\n")
            raw(#"{"id":\#(token.id),"content":"#)
            string(token.content)
            raw(
                #","single_word":\#(token.isSingleWord),"lstrip":\#(token.stripsLeft),"rstrip":\#(token.stripsRight),"#
                    + #""normalized":\#(token.isNormalized),"special":\#(token.isSpecial)}"#)
        }
        raw("]")
    }
}
