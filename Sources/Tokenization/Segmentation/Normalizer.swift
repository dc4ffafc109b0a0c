import Support

/// Rewrites a text into the form that is divided into pieces: characters by the model's table, spaces as
/// U+2581 (▁). User-defined symbols stay as they are.
struct Normalizer: Sendable {
    private let table: CharactersMap?
    private let addsPrefix: Bool
    private let removesExtraSpaces: Bool
    /// Without a table, and with spaces kept, only spaces change; unless a symbol holds one.
    private let onlySpacesChange: Bool
    private let symbolsHoldSpaces: Bool
    private let vocabulary: Vocabulary

    static let space: [UInt8] = [0xe2, 0x96, 0x81]
    /// The same for hot loops.
    @inline(__always)
    static var spaceBytes: (UInt8, UInt8, UInt8) { (0xe2, 0x96, 0x81) }
    private static let replacement: [UInt8] = [0xef, 0xbf, 0xbd]

    init(_ model: ModelFile, vocabulary: Vocabulary) {
        table = model.charactersMap
        addsPrefix = model.addsDummyPrefix
        removesExtraSpaces = model.removesExtraWhitespace
        symbolsHoldSpaces = model.pieces.contains {
            $0.kind == .userDefined && $0.spelling.utf8.contains(0x20)
        }
        onlySpacesChange = table == nil && !removesExtraSpaces && !symbolsHoldSpaces
        self.vocabulary = vocabulary
    }

    /// Whether a text may be parted before a space, between other characters, and each part be rewritten for itself.
    ///
    /// Tables rewrite several characters as one, but none that begins or ends with an ASCII letter or digit reaches over a
    /// space.
    func isParted(before space: Int, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard space > 0, space + 1 < text.count, text[space] == 0x20 else { return false }
        let (last, next) = (text[space - 1], text[space + 1])
        guard !symbolsHoldSpaces, last != 0x20, next != 0x20 else { return false }
        return onlySpacesChange || Self.isWord(last) && Self.isWord(next)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: false
        }
    }

    /// The normal form of a text. Bytes that are not UTF-8 become U+FFFD, one a byte.
    func normalize(_ text: UnsafeBufferPointer<UInt8>, options: EncodingOptions = []) -> [UInt8] {
        guard !text.isEmpty else { return [] }
        let hasPrefix = addsPrefix && !options.contains(.continuing)
        if onlySpacesChange, UTF8Validation.firstFault(in: UnsafeRawBufferPointer(text)) == nil {
            return Self.withSpacesWritten(text, hasPrefix: hasPrefix)
        }
        var output: [UInt8] = []
        output.reserveCapacity(text.count + text.count / 2 + 3)
        var position = 0
        if removesExtraSpaces, !options.contains(.goingOn) {
            position = endOfLeadingSpaces(text, options)
        }
        guard position < text.count else { return [] }
        if hasPrefix { output += Self.space }
        appendAll(text, from: position, options, to: &output)
        if removesExtraSpaces {
            while output.suffix(3).elementsEqual(Self.space) { output.removeLast(3) }
        }
        return output
    }

    private static func withSpacesWritten(_ text: UnsafeBufferPointer<UInt8>, hasPrefix: Bool) -> [UInt8] {
        let spaces = text.reduce(hasPrefix ? 1 : 0) { $0 + ($1 == 0x20 ? 1 : 0) }
        return [UInt8](unsafeUninitializedCapacity: text.count + 3 * spaces) { output, count in
            let bytes = spaceBytes
            func writeSpace() {
                (output[count], output[count + 1], output[count + 2]) = bytes
                count += 3
            }
            if hasPrefix { writeSpace() }
            for byte in text {
                if byte == 0x20 {
                    writeSpace()
                } else {
                    output[count] = byte
                    count += 1
                }
            }
        }
    }

    private func endOfLeadingSpaces(_ text: UnsafeBufferPointer<UInt8>, _ options: EncodingOptions) -> Int {
        var position = 0
        while position < text.count {
            let (bytes, consumed) = step(text, position, options)
            guard bytes.elementsEqual([0x20]) else { break }
            position += consumed
        }
        return position
    }

    private func appendAll(
        _ text: UnsafeBufferPointer<UInt8>, from start: Int, _ options: EncodingOptions,
        to output: inout [UInt8]
    ) {
        var position = start
        var followsSpace = removesExtraSpaces && !options.contains(.goingOn)
        while position < text.count {
            var (bytes, consumed) = step(text, position, options)
            if followsSpace { bytes = bytes.drop { $0 == 0x20 } }
            for byte in bytes {
                if byte == 0x20 { output += Self.space } else { output.append(byte) }
            }
            if removesExtraSpaces, let last = bytes.last { followsSpace = last == 0x20 }
            position += consumed
        }
    }

    /// The bytes to write for the character or symbol at a position, and how many bytes of the text it takes.
    private func step(
        _ text: UnsafeBufferPointer<UInt8>, _ position: Int, _ options: EncodingOptions
    ) -> (bytes: ArraySlice<UInt8>, consumed: Int) {
        let symbol = vocabulary.symbolLength(
            in: text, from: position, guarding: options.contains(.guarding))
        if symbol > 0 { return (ArraySlice(text[position..<position + symbol]), symbol) }
        if let (bytes, length) = table?.longestMatch(in: text, at: position) { return (bytes, length) }
        let length = text.characterLength(at: position)
        let character = UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(text)[position..<position + length])
        guard UTF8Validation.firstFault(in: character) == nil else { return (Self.replacement[...], 1) }
        return (ArraySlice(text[position..<position + length]), length)
    }
}
