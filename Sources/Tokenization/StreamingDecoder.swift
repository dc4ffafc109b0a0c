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
    /// Bytes of byte pieces that may still become a character.
    private var pending: [UInt8] = []
    /// Whether the next piece may begin the text, where the space a model puts before texts is dropped.
    private var isAtStart: Bool

    /// A decoder at the beginning of a text.
    public init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        isAtStart = tokenizer.addsDummyPrefix || tokenizer.removesExtraWhitespace
    }

    /// The text that is certain after one more id, possibly empty. The id must be of the vocabulary.
    public mutating func append(_ id: Int32) -> String {
        var bytes: [UInt8] = []
        append(id, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text still held back. Bytes that never became a character give one U+FFFD each.
    public mutating func finish() -> String {
        var bytes: [UInt8] = []
        finish(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    mutating func append(_ id: Int32, to output: inout [UInt8]) {
        let count = output.count
        switch tokenizer.kind(of: id) {
        case .byte:
            pending += tokenizer.surfaces[id]
            emitCharacters(to: &output, isEnd: false)
            if output.count > count { isAtStart = false }
        case let kind:
            finish(into: &output)
            let surface = tokenizer.surfaces[id]
            if isAtStart, kind != .unknown, surface.first == UInt8(ascii: " ") {
                output += surface.dropFirst()
                // Without extra white space all leading spaces go, else only the one put there.
                isAtStart = tokenizer.removesExtraWhitespace && output.count == count
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

    /// Moves whole characters from `pending` to `output`; a byte that cannot begin one becomes U+FFFD.
    private mutating func emitCharacters(to output: inout [UInt8], isEnd: Bool) {
        var position = 0
        loop: while position < pending.count {
            switch Self.character(in: pending[position...]) {
            case .whole(let length):
                output += pending[position..<position + length]
                position += length
            case .partial where !isEnd: break loop
            case .partial, .none:
                output += [0xef, 0xbf, 0xbd]
                position += 1
            }
        }
        pending.removeFirst(position)
    }

    private enum Start { case whole(Int), partial, none }

    /// What the bytes begin with.
    private static func character(in bytes: ArraySlice<UInt8>) -> Start {
        let length: Int
        switch bytes.first! {
        case ..<0x80: return .whole(1)
        case 0xc2..<0xe0: length = 2
        case 0xe0..<0xf0: length = 3
        case 0xf0..<0xf5: length = 4
        default: return .none
        }
        let character = bytes.prefix(length)
        guard character.dropFirst().allSatisfy(UTF8.isContinuation) else { return .none }
        if character.count < length { return .partial }
        // Overlong forms, surrogates and values above U+10FFFF look right so far.
        return String(validating: character, as: UTF8.self) == nil ? .none : .whole(length)
    }
}

extension Tokenizer {
    /// The text of token ids. Control pieces give no text; byte pieces that do not form a character give one
    /// U+FFFD each.
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
