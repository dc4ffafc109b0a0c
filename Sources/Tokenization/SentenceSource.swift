/// Hands sentences to the library's trainer, one at a time.
final class SentenceSource {
    private var sentences: AnyIterator<String>
    private var upcoming: String?
    /// The bytes of the sentence last handed out; they live until the next one.
    private var current: [UInt8] = []

    init(_ sentences: some Sequence<String>) {
        self.sentences = AnyIterator(sentences.makeIterator())
        upcoming = self.sentences.next()
    }

    /// Whether there is at least one sentence left.
    var hasText: Bool { upcoming != nil }

    /// The callback of `sp_train`; its context is a `SentenceSource`.
    static let next:
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafePointer<CChar>?>?, UnsafeMutablePointer<Int>?
        ) -> Int32 = { context, text, length in
            let source = Unmanaged<SentenceSource>.fromOpaque(context!).takeUnretainedValue()
            guard let sentence = source.upcoming else { return 0 }
            source.current = Array(sentence.utf8)
            source.upcoming = source.sentences.next()
            source.current.withUnsafeBytes { bytes in
                text!.pointee = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
                length!.pointee = bytes.count
            }
            return 1
        }
}

extension TokenizerTraining {
    /// A sentence in parts the library does not skip: cut after line ends, and else after a space or, without
    /// one, between characters.
    static func parts(_ sentence: String) -> [String] {
        var parts: [String] = []
        let bytes = Array(sentence.utf8)
        var start = 0
        while start < bytes.count {
            var end = min(start + longestSentence, bytes.count)
            if let newline = bytes[start..<end].firstIndex(of: UInt8(ascii: "\n")) {
                end = newline + 1
            } else if end < bytes.count {
                if let space = bytes[start..<end].lastIndex(of: UInt8(ascii: " ")), space > start {
                    end = space
                } else {
                    while UTF8.isContinuation(bytes[end]) { end -= 1 }
                }
            }
            parts.append(String(decoding: bytes[start..<end], as: UTF8.self))
            start = end
        }
        return parts
    }

    /// All sentences, or a random choice of `maximumSentences` of them in their order: each sentence is as
    /// likely as any other (reservoir sampling, Vitter 1985, algorithm R).
    func chosen(from sentences: some Sequence<String>) -> AnySequence<String> {
        guard let maximumSentences else { return AnySequence(sentences) }
        var generator = SplitMix(state: seed)
        var reservoir: [(index: Int, sentence: String)] = []
        for (index, sentence) in sentences.enumerated() {
            if reservoir.count < maximumSentences {
                reservoir.append((index, sentence))
            } else {
                let slot = Int.random(in: 0...index, using: &generator)
                if slot < maximumSentences { reservoir[slot] = (index, sentence) }
            }
        }
        return AnySequence(reservoir.sorted { $0.index < $1.index }.map(\.sentence))
    }
}

/// A small generator of random bits (Steele et al. 2014, "Fast splittable pseudorandom number generators").
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
