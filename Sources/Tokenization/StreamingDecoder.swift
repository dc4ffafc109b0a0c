import Support

/// Turns token ids into text one by one, never giving out half a character.
///
/// The texts joined are what `Tokenizer.decode` gives for all the ids:
/// ```swift
/// var decoder = StreamingDecoder(tokenizer)
/// for id in generated { print(decoder.append(id), terminator: "") }
/// print(decoder.finish())
/// ```
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    /// Bytes that may still become a character.
    private var pending: [UInt8] = []
    /// Whether the next piece may begin the text, where the space a model puts before texts is dropped.
    private var isAtStart: Bool

    /// A decoder at the beginning of a text.
    public init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        isAtStart = tokenizer.decodingRules.leadingSpaces != .kept
    }

    /// The text that is certain after one more id, possibly empty. The id must be of the vocabulary.
    public mutating func append(_ id: Int32) -> String {
        var bytes: [UInt8] = []
        append(id, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text still held back. Bytes that never became a character give U+FFFD.
    public mutating func finish() -> String {
        var bytes: [UInt8] = []
        finish(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    mutating func append(_ id: Int32, to output: inout [UInt8]) {
        let count = output.count
        let rules = tokenizer.decodingRules
        switch tokenizer.kind(of: id) {
        case .control where !tokenizer.isSentencePiece: break
        case .unknown where tokenizer.surfaces[id].isEmpty: break
        case .byte,
            _ where rules.isByteLevel:
            pending += tokenizer.surfaces[id]
            emitCharacters(to: &output, isEnd: false)
            if output.count > count { isAtStart = false }
        case let kind:
            finish(into: &output)
            let surface = tokenizer.surfaces[id]
            if isAtStart, rules.leadingSpaces == .ofFirstPiece {
                output += surface.filter { $0 != UInt8(ascii: " ") }
                isAtStart = false
            } else if isAtStart, kind != .unknown, surface.first == UInt8(ascii: " ") {
                output += surface.dropFirst()
                // Without extra white space all leading spaces go, else only the one put there.
                isAtStart = rules.leadingSpaces == .all && output.count == count
            } else {
                output += surface
                if output.count > count { isAtStart = false }
            }
        }
    }

    mutating func finish(into output: inout [UInt8]) {
        guard !pending.isEmpty else { return }
        emitCharacters(to: &output, isEnd: true)
        isAtStart = false
    }

    /// Moves whole characters from `pending` to `output`; what cannot become one gives U+FFFD.
    private mutating func emitCharacters(to output: inout [UInt8], isEnd: Bool) {
        var position = 0
        loop: while position < pending.count {
            switch UTF8Start(of: pending[position...]) {
            case .whole(let length):
                output += pending[position..<position + length]
                position += length
            case .partial where !isEnd: break loop
            case .partial(let length), .none(let length):
                output += [0xef, 0xbf, 0xbd]
                position += tokenizer.decodingRules.faults == .eachByte ? 1 : length
            }
        }
        pending.removeFirst(position)
    }
}

/// What some bytes begin with (Unicode 16, table 3-7).
private enum UTF8Start {
    /// A character of this length.
    case whole(Int)
    /// All of the bytes, which may go on to a character.
    case partial(Int)
    /// No character; these are the bytes of its maximal subpart, at least one.
    case none(Int)

    init(of bytes: ArraySlice<UInt8>) {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[bytes.startIndex] {
        case ..<0x80:
            self = .whole(1)
            return
        case 0xC2..<0xE0: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1..<0xF0: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1..<0xF4: length = 4
        default:
            self = .none(1)
            return
        }
        var count = 1
        for byte in bytes.prefix(length).dropFirst() {
            guard (count == 1 ? second : 0x80...0xBF).contains(byte) else {
                self = .none(count)
                return
            }
            count += 1
        }
        self = count == length ? .whole(length) : .partial(count)
    }
}

extension Tokenizer {
    /// The text of token ids. Control pieces give no text. Bytes that do not form a character give U+FFFD: one each in
    /// vocabularies with byte pieces, one for each maximal subpart of a character in byte-level BPE.
    ///
    /// - Throws: `UserError` for an id that is not of this vocabulary.
    public func decode(_ ids: [Int32]) throws -> String {
        String(decoding: try decodedBytes(ids), as: UTF8.self)
    }

    /// As `decode`, in bytes of UTF-8.
    /// - Throws: As `decode`.
    public func decodedBytes(_ ids: [Int32]) throws -> [UInt8] {
        var decoder = StreamingDecoder(self)
        var bytes: [UInt8] = []
        for id in ids {
            guard id >= 0, Int(id) < vocabularySize else {
                throw UserError(
                    "token id \(id) is not in the vocabulary", hint: "ids are 0 to \(vocabularySize - 1)")
            }
            decoder.append(id, to: &bytes)
        }
        decoder.finish(into: &bytes)
        return bytes
    }
}
