extension Tokenizer {
    /// The token ids of a text: the same as those of the Python package `sentencepiece`.
    ///
    /// Text that contains the spelling of a control piece (`<s>`) stays text. The spelling of a user-defined
    /// symbol becomes its id; use `encodeContent` for text from outside. U+2581 (▁) is how a vocabulary
    /// writes a space, so in a text it is taken for one; every other character comes back from `decode` if the
    /// model neither rewrites text nor drops spaces (models trained by `TokenizerTraining` do not).
    ///
    /// - Parameters:
    ///   - addBegin: Put `beginID` first; without effect if the vocabulary has none.
    ///   - addEnd: Put `endID` last; without effect if the vocabulary has none.
    /// - Precondition: At most 512 MiB of UTF-8.
    public func encode(_ text: String, addBegin: Bool = false, addEnd: Bool = false) -> [Int32] {
        framed(addBegin: addBegin, addEnd: addEnd) { withUTF8(text) { handle.encode($0) } }
    }

    /// As `encode(_:)`, from bytes of UTF-8. Bytes that are not UTF-8 are read as U+FFFD, one a byte.
    public func encode(
        utf8 text: UnsafeBufferPointer<UInt8>, addBegin: Bool = false, addEnd: Bool = false
    ) -> [Int32] {
        framed(addBegin: addBegin, addEnd: addEnd) { handle.encode(text) }
    }

    /// A random segmentation of a text, for subword regularisation (Kudo 2018, arXiv:1804.10959; Provilkov et
    /// al. 2020, arXiv:1910.13267). The same seed gives the same ids on every run and thread.
    ///
    /// Each call costs a thread start and calls run one at a time, because the library seeds its generator
    /// once a thread.
    ///
    /// - Parameters:
    ///   - samplingAlpha: Unigram: the exponent on probabilities; 0 draws evenly, larger values favour the
    ///     best segmentation. BPE: the probability of dropping a merge, 0 to 1.
    ///   - candidates: Unigram: how many of the best segmentations to draw from, 1 to 512; nil for all.
    ///     Without effect for BPE.
    public func encode(_ text: String, samplingAlpha: Float, candidates: Int?, seed: UInt64) -> [Int32] {
        precondition(samplingAlpha >= 0 && samplingAlpha.isFinite, "alpha is \(samplingAlpha)")
        precondition((1...512).contains(candidates ?? 1), "\(candidates!) candidates; 1 to 512")
        // The library takes 32 bits.
        let folded = UInt32(truncatingIfNeeded: seed ^ seed >> 32)
        return withUTF8(text) {
            handle.sample(
                $0, candidates: candidates.map(Int32.init) ?? -1, alpha: samplingAlpha, seed: folded)
        }
    }

    /// The ids of text from outside, such as a user's message: the spelling of a user-defined symbol in it
    /// never becomes the symbol's id, so no text can forge a role marker.
    ///
    /// Each occurrence of such a symbol is cut in two after its first character, and the parts are encoded
    /// apart. Everything else is encoded as by `encode`, and decoding gives the text back. Symbols that are
    /// a single character or only white space are text, not markers, and are left alone.
    ///
    /// - Parameter continuing: Whether the text follows other tokens. Then a model that puts a space before
    ///   every text puts none before this one.
    public func encodeContent(_ text: String, continuing: Bool = false) -> [Int32] {
        withUTF8(text) { text in
            var ids: [Int32] = []
            appendContent(text, continuing: continuing, to: &ids)
            return ids
        }
    }

    private func appendContent(
        _ text: UnsafeBufferPointer<UInt8>, continuing: Bool, to output: inout [Int32]
    ) {
        let handle = continuing ? continuingHandle : handle
        let ids = handle.encode(text)
        guard ids.contains(where: guardedIDs.contains) else {
            output += ids
            return
        }
        // Rare, so the bounds are only asked for now.
        let bounds = handle.encodeWithBounds(text).bounds
        var start = 0
        for (id, range) in zip(ids, bounds) where guardedIDs.contains(id) {
            var cut = range.lowerBound + 1
            while cut < range.upperBound, UTF8.isContinuation(text[cut]) { cut += 1 }
            if cut < range.upperBound {
                let part = UnsafeBufferPointer(rebasing: text[start..<cut])
                appendContent(part, continuing: continuing || start > 0, to: &output)
                start = cut
            } else {
                // One character that the model rewrites to a marker cannot be cut: spell it in bytes.
                let before = UnsafeBufferPointer(rebasing: text[start..<range.lowerBound])
                appendContent(before, continuing: continuing || start > 0, to: &output)
                for byte in text[range] { output.append(surfaces.byteIDs?[Int(byte)] ?? unknownID) }
                start = range.upperBound
            }
        }
        let rest = UnsafeBufferPointer(rebasing: text[start...])
        appendContent(rest, continuing: continuing || start > 0, to: &output)
    }

    private func framed(addBegin: Bool, addEnd: Bool, _ encode: () -> [Int32]) -> [Int32] {
        var ids = encode()
        if addBegin, let beginID { ids.insert(beginID, at: 0) }
        if addEnd, let endID { ids.append(endID) }
        return ids
    }

    private func withUTF8<Result>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        var text = text
        return text.withUTF8(body)
    }
}
