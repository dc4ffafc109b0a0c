import Foundation

/// The words of a text, so that texts which differ in case, spacing, punctuation or Unicode normalization have the same.
///
/// The text is brought to NFKC (Unicode Standard Annex 15) and to lower case. A word is a run of letters, marks and digits; all
/// else separates words, except that apostrophes between letters are left out: `Don’t`, `don't` and `dont` are one word. Scripts
/// that are written without spaces (Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar) have no words to be found in this way:
/// each of their characters is one.
struct NormalizedWords: Sendable {
    /// The UTF-8 of all words, with a space after each.
    private(set) var bytes: [UInt8] = []
    /// Where each word ends in `bytes`, before the space.
    private(set) var ends: [Int] = []
    /// A hash of each word.
    private(set) var hashes: [UInt64] = []

    var count: Int { hashes.count }

    init(_ text: String) {
        var text = text
        let isASCII = text.utf8.withContiguousStorageIfAvailable { bytes in bytes.allSatisfy { $0 < 0x80 } }
        if isASCII == true {
            bytes.reserveCapacity(text.utf8.count + 1)
            text.withUTF8 { appendASCII($0) }
        } else {
            append(text.precomposedStringWithCompatibilityMapping.lowercased().unicodeScalars)
        }
    }

    /// The words of a range, separated by spaces.
    func text(_ range: Range<Int>) -> String {
        guard !range.isEmpty else { return "" }
        return String(decoding: bytes[start(range.lowerBound)..<ends[range.upperBound - 1]], as: UTF8.self)
    }

    /// The UTF-8 of the words of a range, with a space after each.
    func utf8(_ range: Range<Int>) -> ArraySlice<UInt8> {
        range.isEmpty ? [] : bytes[start(range.lowerBound)..<ends[range.upperBound - 1] + 1]
    }

    private func start(_ word: Int) -> Int { word == 0 ? 0 : ends[word - 1] + 1 }

    // MARK: - Division

    private mutating func appendASCII(_ text: UnsafeBufferPointer<UInt8>) {
        var hash = WordHash()
        for index in text.indices {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                bytes.append(byte)
                hash.add(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                bytes.append(byte | 0x20)
                hash.add(byte | 0x20)
            case UInt8(ascii: "'"):
                let joins =
                    index > 0 && index + 1 < text.count && Self.isLetter(text[index - 1])
                    && Self.isLetter(text[index + 1])
                if !joins { endWord(&hash) }
            default: endWord(&hash)
            }
        }
        endWord(&hash)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private mutating func append(_ scalars: String.UnicodeScalarView) {
        var hash = WordHash()
        var isAfterLetter = false
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let scalar = scalars[index]
            index = scalars.index(after: index)
            if scalar.isApostrophe, isAfterLetter, index < scalars.endIndex,
                scalars[index].properties.isAlphabetic
            {
                continue
            }
            guard scalar.isInWord else {
                isAfterLetter = false
                endWord(&hash)
                continue
            }
            if scalar.isUnspaced { endWord(&hash) }
            for byte in UTF8.encode(scalar)! {
                bytes.append(byte)
                hash.add(byte)
            }
            if scalar.isUnspaced { endWord(&hash) }
            isAfterLetter = scalar.properties.isAlphabetic
        }
        endWord(&hash)
    }

    private mutating func endWord(_ hash: inout WordHash) {
        guard !hash.isEmpty else { return }
        ends.append(bytes.count)
        hashes.append(hash.value)
        bytes.append(UInt8(ascii: " "))
        hash = WordHash()
    }
}

/// A 64-bit hash of bytes: FNV-1a, then the finalizer of MurmurHash3, since FNV's high bits are weak.
struct WordHash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var isEmpty = true

    mutating func add(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
        isEmpty = false
    }

    var value: UInt64 { Self.mixed(state) }

    /// A permutation of all 64-bit numbers after which every bit depends on every other.
    static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value >> 33) &* 0xFF51_AFD7_ED55_8CCD
        value = (value ^ value >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return value ^ value >> 33
    }
}

extension Unicode.Scalar {
    fileprivate var isApostrophe: Bool { self == "'" || self == "\u{2019}" || self == "\u{2BC}" }

    /// Letters, marks and numbers.
    fileprivate var isInWord: Bool {
        if isASCII {
            return ("a"..."z").contains(self) || ("0"..."9").contains(self) || ("A"..."Z").contains(self)
        }
        return switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
            true
        default: false
        }
    }

    /// Whether its script is written without spaces between words.
    var isUnspaced: Bool {
        switch value {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3041...0x30FF, 0x31F0...0x31FF,
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF:
            true
        default: false
        }
    }
}

extension NormalizedWords {
    /// A hash of each run of `size` words, in order; none if there are fewer words.
    func shingles(of size: Int) -> [UInt64] {
        guard count >= size else { return [] }
        return hashes.withUnsafeBufferPointer { hashes in
            (0...hashes.count - size).map { start in
                var hash: UInt64 = 0
                for word in start..<start + size { hash = (hash ^ hashes[word]) &* 0x9E37_79B9_7F4A_7C15 }
                return WordHash.mixed(hash)
            }
        }
    }
}
