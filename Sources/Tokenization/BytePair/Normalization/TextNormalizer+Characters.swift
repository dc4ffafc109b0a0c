import Support

/// Normalizers that look at one character, or at characters that belong together.
extension TextNormalizer {
    static func lowercased(_ text: [UInt8]) -> [UInt8] {
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

    /// Without marks (M). The version is Unicode 9, as of the normal forms.
    static func withoutAccents(_ text: [UInt8]) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) { return text }
        var scalars = String(decoding: text, as: UTF8.self).unicodeScalars
        scalars.removeAll(where: isMark)
        return Array(String(scalars).utf8)
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        // Marks in Unicode 9 and letters since; a mark now and punctuation then.
        if scalar.value == 0x1CF2 || scalar.value == 0x1CF3 { return true }
        if scalar.value < 0x300 || scalar.value == 0x111C9 { return false }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark:
            return scalar.properties.age.map { $0 <= (9, 0) } ?? false
        default: return false
        }
    }

    /// Without control characters, and with a space for what else separates words (the rules of `nmt_nfkc` that NFKC does not have).
    static func withoutControls(_ text: [UInt8]) -> [UInt8] {
        var output = String.UnicodeScalarView()
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
            case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
                output.append(" ")
            default: output.append(scalar)
            }
        }
        return Array(String(output).utf8)
    }

    static func stripped(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
        var scalars = Substring(String(decoding: text, as: UTF8.self)).unicodeScalars
        while left, let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while right, let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return Array(String(scalars).utf8)
    }

    /// Rewrites by SentencePiece's table, as `tokenizers` does it: not at each place by the longest key, as SentencePiece, but
    /// grapheme cluster by grapheme cluster. Clusters of less than six bytes, and the characters of other clusters, become what
    /// the shortest key stands for that they begin with.
    static func rewritten(_ text: [UInt8], by table: CharactersMap) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count + text.count / 8)
        text.withUnsafeBufferPointer { text in
            func append(_ range: Range<Int>) -> Bool {
                guard let replacement = table.shortestMatch(in: UnsafeBufferPointer(rebasing: text[range]))
                else {
                    return false
                }
                output += replacement
                return true
            }
            func appendCluster(_ range: Range<Int>) {
                if range.count < 6, append(range) { return }
                var place = range.lowerBound
                while place < range.upperBound {
                    let end = place + text.characterLength(at: place)
                    if !append(place..<end) { output += text[place..<end] }
                    place = end
                }
            }
            var place = 0
            while place < text.count {
                // Between two ASCII characters clusters end, but inside a line break.
                var end = place + 1
                func isEnd() -> Bool {
                    end == text.count
                        || text[end - 1] < 0x80 && text[end] < 0x80
                            && !(text[end - 1] == 0x0D && text[end] == 0x0A)
                }
                while !isEnd() { end += 1 }
                if end == place + 1 {
                    appendCluster(place..<end)
                } else {
                    for cluster in String(decoding: text[place..<end], as: UTF8.self) {
                        let length = cluster.utf8.count
                        appendCluster(place..<place + length)
                        place += length
                    }
                }
                place = end
            }
        }
        return output
    }

    static func replacing(_ from: [UInt8], by to: [UInt8], in text: [UInt8]) -> [UInt8] {
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

    /// Every match of an expression.
    static func replacing(_ expression: SplitExpression, by to: [UInt8], in text: [UInt8]) -> [UInt8] {
        var (output, choices, place) = ([UInt8](), [SplitExpression.Choice](), 0)
        output.reserveCapacity(text.count)
        ScalarClasses.shared.withUnsafe { classes in
            text.withUnsafeBufferPointer { bytes in
                guard let start = bytes.baseAddress else { return }
                let text = KnownPattern.Text(bytes: start, end: bytes.count, classes: classes)
                while let match = expression.firstMatch(in: text, from: place, &choices) {
                    output += bytes[place..<match.lowerBound]
                    output += to
                    place = match.upperBound
                }
            }
        }
        return output + text[place...]
    }
}
