extension TracedString {
    /// The text with each character replaced; the new ones have the author of the old one.
    ///
    /// - Parameter change: gets a character and its place among the characters
    private func mapped(_ change: (Unicode.Scalar, Int) -> String) -> TracedString {
        var builder = TracedBuilder()
        builder.reserve(bytes.count)
        var index = 0
        forEachRun(in: 0..<bytes.count) { range, mark in
            var place = range.lowerBound
            while place < range.upperBound {
                let (scalar, length) = PythonText.scalar(bytes, place)
                builder.append(change(scalar, index), mark)
                place += length
                index += 1
            }
        }
        return builder.finish(markup: isMarkup)
    }

    /// ASCII text with each byte replaced.
    private func mappedASCII(_ change: (UInt8) -> UInt8) -> TracedString {
        TracedString(bytes: bytes.map(change), runs: runs, mark: mark, isMarkup: isMarkup, isASCII: true)
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
    private static func upper(_ byte: UInt8) -> UInt8 { byte &- 0x61 < 26 ? byte & ~0x20 : byte }

    var uppercased: TracedString {
        if isASCII { return mappedASCII(Self.upper) }
        return mapped { scalar, _ in scalar.properties.uppercaseMapping }
    }

    var lowercased: TracedString {
        if isASCII { return mappedASCII(Self.lower) }
        let all = Array(scalars)
        return mapped { scalar, index in Self.lower(scalar, index, all) }
    }

    /// A sigma at the end of a word has a form of its own.
    private static func lower(_ scalar: Unicode.Scalar, _ index: Int, _ all: [Unicode.Scalar]) -> String {
        guard scalar == "\u{3A3}" else { return scalar.properties.lowercaseMapping }
        var before = index - 1
        while before >= 0, all[before].properties.isCaseIgnorable { before -= 1 }
        var after = index + 1
        while after < all.count, all[after].properties.isCaseIgnorable { after += 1 }
        let endsWord =
            before >= 0 && all[before].properties.isCased
            && !(after < all.count && all[after].properties.isCased)
        return endsWord ? "\u{3C2}" : "\u{3C3}"
    }

    /// What ignores case. Characters without a folding of their own are lowered.
    var casefolded: TracedString {
        if isASCII { return lowercased }
        return mapped { scalar, _ in
            switch scalar.value {
            // Cherokee folds upwards.
            case 0x13A0...0x13F5: String(scalar)
            case 0xAB70...0xABBF, 0x13F8...0x13FD: scalar.properties.uppercaseMapping
            case 0x130, 0x131: scalar.properties.lowercaseMapping
            default:
                String(
                    String.UnicodeScalarView(
                        scalar.properties.lowercaseMapping.unicodeScalars
                            .flatMap { Array($0.properties.uppercaseMapping.unicodeScalars) }
                            .flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) }))
            }
        }
    }

    var swappedCase: TracedString {
        let all = isASCII ? [] : Array(scalars)
        return mapped { scalar, index in
            if scalar.properties.isUppercase {
                isASCII ? scalar.properties.lowercaseMapping : Self.lower(scalar, index, all)
            } else if scalar.properties.isLowercase {
                scalar.properties.uppercaseMapping
            } else {
                String(scalar)
            }
        }
    }

    var capitalized: TracedString {
        let all = isASCII ? [] : Array(scalars)
        return mapped { scalar, index in
            if index == 0 { return scalar.properties.titlecaseMapping }
            return isASCII ? scalar.properties.lowercaseMapping : Self.lower(scalar, index, all)
        }
    }

    /// `str.title`: what follows a letter is lowered, other letters are raised.
    var titlecased: TracedString {
        var followsLetter = false
        let all = isASCII ? [] : Array(scalars)
        return mapped { scalar, index in
            defer { followsLetter = scalar.properties.isCased }
            if !followsLetter { return scalar.properties.titlecaseMapping }
            return isASCII ? scalar.properties.lowercaseMapping : Self.lower(scalar, index, all)
        }
    }

    // MARK: - Questions

    /// Whether all characters are of a kind, and there is one.
    func all(_ isKind: (Unicode.Scalar) -> Bool) -> Bool { !isEmpty && scalars.allSatisfy(isKind) }

    /// `str.islower`.
    var isLowercase: Bool {
        scalars.contains { $0.properties.isLowercase }
            && !scalars.contains { $0.properties.isUppercase || PythonText.isTitle($0) }
    }

    /// `str.isupper`.
    var isUppercase: Bool {
        scalars.contains { $0.properties.isUppercase }
            && !scalars.contains { $0.properties.isLowercase || PythonText.isTitle($0) }
    }

    /// `str.istitle`.
    var isTitlecase: Bool {
        var followsLetter = false
        var hasLetter = false
        for scalar in scalars {
            if scalar.properties.isUppercase || PythonText.isTitle(scalar) {
                if followsLetter { return false }
                (followsLetter, hasLetter) = (true, true)
            } else if scalar.properties.isLowercase {
                if !followsLetter { return false }
                hasLetter = true
            } else {
                followsLetter = false
            }
        }
        return hasLetter
    }

    /// `str.isidentifier`.
    var isIdentifier: Bool {
        guard let first = scalars.first else { return false }
        return (first == "_" || first.properties.isXIDStart)
            && scalars.dropFirst().allSatisfy { $0.properties.isXIDContinue }
    }
}
