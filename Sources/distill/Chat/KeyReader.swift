import Foundation

/// Parses the bytes that a terminal sends into keys.
struct KeyReader {
    /// The next byte; nil at the end.
    let nextByte: () -> UInt8?

    /// The next key; nil at the end of the input.
    func next() -> LineBuffer.Key? {
        guard let byte = nextByte() else { return nil }
        switch byte {
        case 0x0A, 0x0D: return .enter
        case 0x1B: return escapeSequence()
        case 0x09: return .text(" ")
        case 0x08, 0x7F: return .backspace
        case 0..<0x20: return Self.controls[byte] ?? .unknown
        default: return character(startingWith: byte)
        }
    }

    /// The keys of GNU readline and libedit, by the number of the control character: 1 for Ctrl-A.
    private static let controls: [UInt8: LineBuffer.Key] = [
        1: .home, 2: .left, 4: .endOfInput, 5: .end, 6: .right, 11: .deleteToEnd, 12: .clearScreen, 14: .next,
        16: .previous, 18: .redraw, 21: .deleteToStart, 23: .deleteWord,
    ]

    /// A cursor key, as ECMA-48 and xterm send it: `ESC [ A`, `ESC O A`, `ESC [ 3 ~`, `ESC [ 1 ; 5 C`.
    private func escapeSequence() -> LineBuffer.Key? {
        guard let first = nextByte() else { return nil }
        switch first {
        case UInt8(ascii: "b"): return .wordLeft
        case UInt8(ascii: "f"): return .wordRight
        case UInt8(ascii: "["), UInt8(ascii: "O"): break
        default: return .unknown
        }
        var parameters = ""
        // Parameters are digits and semicolons; the final byte follows.
        while let byte = nextByte() {
            guard byte < 0x40 else { return Self.key(parameters, final: byte) }
            parameters.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return nil
    }

    private static func key(_ parameters: String, final: UInt8) -> LineBuffer.Key {
        let isModified = parameters.contains(";")
        switch (final, parameters) {
        case (UInt8(ascii: "A"), _): return .previous
        case (UInt8(ascii: "B"), _): return .next
        case (UInt8(ascii: "C"), _): return isModified ? .wordRight : .right
        case (UInt8(ascii: "D"), _): return isModified ? .wordLeft : .left
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), "1"), (UInt8(ascii: "~"), "7"): return .home
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), "4"), (UInt8(ascii: "~"), "8"): return .end
        case (UInt8(ascii: "~"), "3"): return .delete
        default: return .unknown
        }
    }

    private func character(startingWith byte: UInt8) -> LineBuffer.Key? {
        let length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
        var bytes = [byte]
        while bytes.count < length, let next = nextByte() { bytes.append(next) }
        guard let text = String(validating: bytes, as: UTF8.self), let character = text.first else {
            return .unknown
        }
        return .text(character)
    }
}
