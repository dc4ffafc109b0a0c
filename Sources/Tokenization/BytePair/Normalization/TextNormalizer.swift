/// How a text is rewritten before it is divided: the normalizers of a `tokenizer.json`.
struct TextNormalizer: Equatable, Sendable {
    enum Step: Equatable, Sendable {
        case nfc, nfd, nfkc, nfkd
        case lowercase, stripAccents, nmt
        case strip(left: Bool, right: Bool)
        /// Every occurrence of some bytes.
        case replace([UInt8], [UInt8])
        /// Every match of an expression.
        case replaceMatches(SplitExpression, source: String, [UInt8])
        /// SentencePiece's table, by grapheme clusters.
        case precompiled(CharactersMap)
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
            case .stripAccents: "strip accents"
            case .nmt: "nmt"
            case .precompiled: "precompiled"
            case .replaceMatches(_, let source, let to):
                "replace \(source.debugDescription) by "
                    + String(decoding: to, as: UTF8.self).debugDescription
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
        var replacesBefore = false
        return steps.allSatisfy { step in
            switch step {
            case .nfc, .nfd, .nfkc, .nfkd, .lowercase, .prepend, .stripAccents, .nmt, .precompiled:
                return true
            // No part ends with a space.
            case .strip(let left, _): return !left
            // The space of a division is one alone.
            case .replaceMatches(_, let source, _): return source == " {2,}"
            case .replace(let from, _):
                defer { replacesBefore = true }
                // Punctuation does not reach from a letter to the space.
                return from.count == 1 || from == Array("\u{2581}".utf8)
                    || !replacesBefore && from.allSatisfy { (0x21...0x2F).contains($0) || $0 == 0x60 }
            }
        }
    }

    /// How many times as long replacements may make a text.
    var growth: Int {
        steps.reduce(1) { growth, step in
            let factor =
                switch step {
                case .replace(let from, let to): (to.count + from.count - 1) / from.count
                case .replaceMatches(_, _, let to): to.count
                // What grows much are characters of three bytes.
                case .precompiled(let table): (table.longestReplacement + 2) / 3
                default: 1
                }
            return min(growth, 1 << 20) * max(1, factor)
        }
    }

    /// The bytes of the longest text that is put in.
    var longestText: Int {
        steps.map { step in
            switch step {
            case .replace(let from, let to): max(from.count, to.count)
            case .prepend(let text), .replaceMatches(_, _, let text): text.count
            case .precompiled(let table): table.longestReplacement
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
            case .nfd, .nfkc, .nfkd, .stripAccents: text.allSatisfy { $0 < 0x80 }
            case .lowercase, .strip, .replace, .replaceMatches, .prepend, .nmt, .precompiled: false
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
            case .stripAccents: Self.withoutAccents(text)
            case .nmt: Self.withoutControls(text)
            case .precompiled(let table): Self.rewritten(text, by: table)
            case .replaceMatches(let expression, _, let to): Self.replacing(expression, by: to, in: text)
            case .strip(let left, let right): Self.stripped(text, left: left, right: right)
            case .replace(let from, let to): Self.replacing(from, by: to, in: text)
            case .prepend(let prefix): text.isEmpty || isGoingOn ? text : prefix + text
            }
        }
    }
}
