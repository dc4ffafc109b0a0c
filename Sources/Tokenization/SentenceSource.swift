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
}
