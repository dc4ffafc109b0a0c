/// How a text is rewritten before it is divided: the normalizers of a `tokenizer.json`.
struct TextNormalizer: Equatable, Sendable {
    enum Step: Equatable, Sendable {
        case nfc, nfd, nfkc, nfkd
        case lowercase
        case strip(left: Bool, right: Bool)
        /// Every occurrence of some bytes.
        case replace([UInt8], [UInt8])
        /// Put before each section that has text.
        case prepend([UInt8])
    }

    var steps: [Step] = []

    /// What it is called in messages.
    var name: String {
        let names = steps.map { step in
            switch step {
            case .nfc: "nfc"
            case .nfd: "nfd"
            case .nfkc: "nfkc"
            case .nfkd: "nfkd"
            case .lowercase: "lowercase"
            case .strip: "strip"
            case .replace(let from, let to):
                "replace \(String(decoding: from, as: UTF8.self).debugDescription) by "
                    + String(decoding: to, as: UTF8.self).debugDescription
            case .prepend(let text): "prepend \(String(decoding: text, as: UTF8.self).debugDescription)"
            }
        }
        return names.isEmpty ? "identity" : names.joined(separator: ", ")
    }

    /// Whether parts of a text that is divided before a space, between ASCII letters or digits, are rewritten as the whole is.
    var isLocal: Bool {
        steps.allSatisfy { step in
            switch step {
            case .nfc, .nfd, .nfkc, .nfkd, .lowercase, .prepend: true
            case .strip: false
            case .replace(let from, _): from.count == 1 || from == Array("\u{2581}".utf8)
            }
        }
    }

    /// How many times as long replacements may make a text.
    var growth: Int {
        steps.reduce(1) { growth, step in
            guard case .replace(let from, let to) = step else { return growth }
            return min(growth, 1 << 20) * max(1, (to.count + from.count - 1) / from.count)
        }
    }

    /// The bytes of the longest text that is put in.
    var longestText: Int {
        steps.map { step in
            switch step {
            case .replace(let from, let to): max(from.count, to.count)
            case .prepend(let text): text.count
            default: 0
            }
        }.max() ?? 0
    }

    /// Whether it puts a space before texts.
    var addsPrefix: Bool {
        steps.contains { if case .prepend = $0 { true } else { false } }
    }

    /// Whether a text stays as it is.
    private func isUnchanged(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        steps.allSatisfy { step in
            switch step {
            case .nfc: NormalForm.c.isStable(text)
            case .nfd, .nfkc, .nfkd: text.allSatisfy { $0 < 0x80 }
            case .lowercase, .strip, .replace, .prepend: false
            }
        }
    }

    /// Calls `body` with the normal form of a section.
    ///
    /// - Parameter isGoingOn: Whether it goes on with a text that was divided: nothing is put before it.
    func withNormalized<R>(
        _ text: UnsafeBufferPointer<UInt8>, isGoingOn: Bool, _ body: (UnsafeBufferPointer<UInt8>) -> R
    ) -> R {
        if isUnchanged(text) { return body(text) }
        return normalize(Array(text), isGoingOn: isGoingOn).withUnsafeBufferPointer(body)
    }

    /// The normal form of a section.
    func normalize(_ text: [UInt8], isGoingOn: Bool = false) -> [UInt8] {
        steps.reduce(text) { text, step in
            switch step {
            case .nfc: NormalForm.c.applied(to: text)
            case .nfd: NormalForm.d.applied(to: text)
            case .nfkc: NormalForm.kc.applied(to: text)
            case .nfkd: NormalForm.kd.applied(to: text)
            case .lowercase: Self.lowercased(text)
            case .strip(let left, let right): Self.stripped(text, left: left, right: right)
            case .replace(let from, let to): Self.replacing(from, by: to, in: text)
            case .prepend(let prefix): text.isEmpty || isGoingOn ? text : prefix + text
            }
        }
    }

    private static func lowercased(_ text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        // Scalar by scalar: what stands around one does not matter.
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            if scalar.value < 0x80 {
                output.append(
                    (0x41...0x5A).contains(scalar.value)
                        ? UInt8(scalar.value) | 0x20 : UInt8(scalar.value))
            } else {
                output += scalar.properties.lowercaseMapping.utf8
            }
        }
        return output
    }

    private static func stripped(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
        var scalars = Substring(String(decoding: text, as: UTF8.self)).unicodeScalars
        while left, let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while right, let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return Array(String(scalars).utf8)
    }

    private static func replacing(_ from: [UInt8], by to: [UInt8], in text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count + text.count / 4)
        var index = 0
        while index < text.count {
            if text[index] == from[0], text[index...].starts(with: from) {
                output += to
                index += from.count
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }
}
