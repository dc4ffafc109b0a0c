extension AddedTokens {
    /// Whether a token decides where others are found in a text, though the text does not become it: another one may begin inside
    /// it.
    ///
    /// A special token is looked for like the others; where it is found it counts as text, and the search goes on behind it. So a
    /// token that begins inside it is not found, and would be if the special one were gone. The same holds of tokens that
    /// are found and then refused because a letter is beside them (`single_word`).
    func decidesOthers(_ token: Token, _ normalizer: TextNormalizer) -> Bool {
        guard token.isSpecial || token.isSingleWord else { return false }
        let bytes = Self.searchedBytes(of: token, normalizer)
        let trie = (token.isNormalized ? normalized : raw).trie
        for start in bytes.indices {
            var (node, place) = (PieceTrie.root, start)
            while place < bytes.count {
                node = trie.child(of: node, bytes[place])
                if node == PieceTrie.none { break }
                place += 1
                let isItself = start == 0 && place == bytes.count
                if trie.id(at: node) >= 0, !isItself { return true }
            }
            // One that begins there goes on behind this one.
            if start > 0, place == bytes.count, node != PieceTrie.none { return true }
        }
        return false
    }
}
