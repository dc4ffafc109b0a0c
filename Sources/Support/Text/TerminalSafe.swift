extension StringProtocol {
    /// The text with every character that a terminal obeys, or that reorders the text around it, written as an escape
    /// such as `\u{1B}`.
    ///
    /// Names and texts come from files that anyone may have written: a tensor called `ESC ]0;…BEL` would set the window's
    /// title, a right-to-left override would show another file name than the real one. Escaped are the control characters
    /// (C0, DEL, C1), Unicode's `Bidi_Control` characters, and the line and paragraph separators. Text that is written to
    /// data files is not escaped.
    ///
    /// - Parameter keepingLines: Whether line feeds and tabs stay; without them the text stays on its line.
    /// - SeeAlso: Trojan Source, CVE-2021-42574.
    package func terminalSafe(keepingLines: Bool) -> String {
        guard unicodeScalars.contains(where: { $0.isUnsafe(keepingLines: keepingLines) }) else {
            return String(self)
        }
        var safe = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            guard scalar.isUnsafe(keepingLines: keepingLines) else {
                safe.append(scalar)
                continue
            }
            let spelled =
                switch scalar {
                case "\n": "\\n"
                case "\r": "\\r"
                case "\t": "\\t"
                default: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
                }
            safe.append(contentsOf: spelled.unicodeScalars)
        }
        return String(safe)
    }

    /// One line without characters that a terminal obeys: for names, table cells and progress lines.
    package var terminalSafe: String { terminalSafe(keepingLines: false) }

    /// JSON with the same meaning and without characters that a terminal obeys: they stand in strings alone, where
    /// `\u009b` means the character.
    package var terminalSafeJSON: String {
        guard unicodeScalars.contains(where: { $0.isUnsafe(keepingLines: true) }) else { return String(self) }
        var safe = ""
        for scalar in unicodeScalars {
            if scalar.isUnsafe(keepingLines: true) {
                // All of them lie in the basic plane: four digits are enough.
                let digits = String(scalar.value, radix: 16)
                safe += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }
}

extension Unicode.Scalar {
    fileprivate func isUnsafe(keepingLines: Bool) -> Bool {
        switch value {
        case 0x0A, 0x09: !keepingLines
        case 0..<0x20, 0x7F...0x9F, 0x2028...0x2029: true
        case 0..<0x061C: false
        default: properties.isBidiControl
        }
    }
}
