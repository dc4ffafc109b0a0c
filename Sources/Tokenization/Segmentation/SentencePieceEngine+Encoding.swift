extension SentencePieceEngine {
    /// Appends a random segmentation of a text, see `Tokenizer.encode(_:samplingAlpha:using:)`.
    func appendSample(
        of text: UnsafeBufferPointer<UInt8>, alpha: Float, using generator: inout some RandomNumberGenerator,
        to ids: inout [Int32]
    ) {
        normalizer.normalize(text).withUnsafeBufferPointer { text in
            let segments =
                switch segmenter {
                case .unigram(let unigram):
                    unigram.sampledSegments(text, alpha: Double(alpha), using: &generator)
                case .pair(let pair):
                    pair.divide(text, guarding: false) { _ in
                        Float.random(in: 0..<1, using: &generator) < alpha
                    }
                }
            append(segments, of: text, to: &ids)
        }
    }

    /// Appends the ids of a text.
    func appendIDs(
        of text: UnsafeBufferPointer<UInt8>, options: EncodingOptions, to ids: inout [Int32]
    ) {
        normalizer.normalize(text, options: options).withUnsafeBufferPointer { text in
            // Places in a text are kept in 32 bits.
            precondition(text.count < Int(Int32.max), "a text of \(text.count) bytes")
            let guarding = options.contains(.guarding)
            let segments =
                switch segmenter {
                case .unigram(let unigram): unigram.segments(text, guarding: guarding)
                case .pair(let pair): pair.segments(text, guarding: guarding)
                }
            append(segments, of: text, to: &ids)
        }
    }

    /// Appends the ids of segments. Unknown characters are spelled in bytes; without byte pieces, neighbours
    /// share one unknown id.
    private func append(
        _ segments: [Segment], of text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]
    ) {
        ids.reserveCapacity(ids.count + segments.count + 1)
        var start = 0
        var followsUnknown = false
        for (end, id) in segments {
            let isUnknown = id == vocabulary.unknownID
            if !isUnknown {
                ids.append(id)
            } else if let byteIDs = surfaces.byteIDs {
                for byte in text[start..<end] { ids.append(byteIDs[Int(byte)]) }
            } else if !followsUnknown {
                ids.append(id)
            }
            followsUnknown = isUnknown
            start = end
        }
    }
}
