extension Tokenizer {
    /// The token ids of a text: the same as those of the Python package `sentencepiece`, or of `tokenizers` with
    /// `encode_special_tokens`.
    ///
    /// Text that contains the spelling of a control piece (`<s>`) stays text. The spelling of a user-defined
    /// symbol becomes its id; use `encodeContent` for text from outside. U+2581 (▁) is how SentencePiece
    /// writes a space, so in a text it is taken for one; every other character comes back from `decode` if the
    /// model neither rewrites text nor drops spaces (models trained by `TokenizerTraining` and byte-level BPE do not).
    ///
    /// - Parameters:
    ///   - addBegin: Put `beginID` first; without effect if the vocabulary has none.
    ///   - addEnd: Put `endID` last; without effect if the vocabulary has none.
    /// - Precondition: The text has less than 2³¹ bytes of UTF-8 in the model's normal form.
    public func encode(_ text: String, addBegin: Bool = false, addEnd: Bool = false) -> [Int32] {
        var text = text
        return text.withUTF8 { encode(utf8: $0, addBegin: addBegin, addEnd: addEnd) }
    }

    /// As `encode(_:)`, from bytes of UTF-8. Bytes that are not UTF-8 are read as U+FFFD, one a byte.
    public func encode(
        utf8 text: UnsafeBufferPointer<UInt8>, addBegin: Bool = false, addEnd: Bool = false
    ) -> [Int32] {
        var ids: [Int32] = []
        if addBegin, let beginID { ids.append(beginID) }
        appendIDs(of: text, options: [], to: &ids)
        if addEnd, let endID { ids.append(endID) }
        return ids
    }

    /// The ids of text from outside, such as a user's message: the spelling of a user-defined symbol in it
    /// never becomes the symbol's id, so no text can forge a role marker.
    ///
    /// Such a spelling is divided into other pieces, as if the symbol were not in the vocabulary. All other
    /// text has the ids that `encode` gives, and decoding gives the text back. Symbols that are a single
    /// character or only white space are text, not markers, and are kept. In a `tokenizer.json` the markers are the
    /// special tokens, which no text becomes; other added tokens are found here too, as by transformers.
    ///
    /// - Parameter continuing: Whether the text follows other tokens. Then a model that puts a space before
    ///   every text puts none before this one.
    public func encodeContent(_ text: String, continuing: Bool = false) -> [Int32] {
        var ids: [Int32] = []
        appendContent(text, continuing: continuing, to: &ids)
        return ids
    }

    /// As `encodeContent`, behind ids that are there already.
    public func appendContent(_ text: String, continuing: Bool = false, to ids: inout [Int32]) {
        var text = text
        text.withUTF8 {
            appendIDs(of: $0, options: continuing ? [.guarding, .continuing] : .guarding, to: &ids)
        }
    }

    /// A random segmentation of a text, for subword regularization. It decodes to the same text.
    ///
    /// - Parameters:
    ///   - samplingAlpha: Unigram: a segmentation is drawn with probability proportional to its own to the
    ///     power of alpha, so 0 draws evenly and a large alpha the best one (Kudo 2018, arXiv:1804.10959).
    ///     BPE: the probability of leaving out a merge, 0 to 1 (Provilkov et al. 2020, arXiv:1910.13267).
    ///   - generator: The source of randomness; the same numbers give the same ids.
    public func encode(
        _ text: String, samplingAlpha: Float, using generator: inout some RandomNumberGenerator
    ) -> [Int32] {
        precondition(samplingAlpha >= 0 && samplingAlpha.isFinite, "alpha is \(samplingAlpha)")
        var text = text
        var ids: [Int32] = []
        text.withUTF8 { text in
            switch engine {
            case .sentencePiece(let engine):
                engine.appendSample(of: text, alpha: samplingAlpha, using: &generator, to: &ids)
            case .bytePair(let engine):
                engine.appendSample(of: text, alpha: samplingAlpha, using: &generator, to: &ids)
            }
        }
        return ids
    }

    func appendIDs(of text: UnsafeBufferPointer<UInt8>, options: EncodingOptions, to ids: inout [Int32]) {
        switch engine {
        case .sentencePiece(let engine): engine.appendIDs(of: text, options: options, to: &ids)
        case .bytePair(let engine): engine.appendIDs(of: text, options: options, to: &ids)
        }
    }

    /// Whether the ids of a text are those of its parts, divided before this space.
    func canDivide(_ text: UnsafeBufferPointer<UInt8>, before space: Int) -> Bool {
        switch engine {
        case .sentencePiece(let engine):
            engine.normalizer.isParted(before: space, in: text)
                && !engine.vocabulary.bridges[Int(text[space - 1])]
        case .bytePair(let engine): engine.canDivide(text, before: space)
        }
    }
}
