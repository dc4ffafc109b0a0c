import Testing

@testable import Tokenization

@Suite struct SplitPatternTests {
    private static let parts = [
        "a", "Z", "ab", "ABC", "ǅ", "ʰ", "中", "Д", "я", "\u{301}", "\u{903}", "7", "42", "²", "٣", "'", "'s",
        "'LL", "'ſ", "'R",
        " ", "  ", "\t", "\n", "\r", "\u{A0}", "\u{3000}", "\u{85}", ".", "!", "/", "$", "😀", "\0",
        "\u{200B}", "_", "\u{FFFF}",
    ]

    /// The words of a text by a scanner, and by the expression that it stands for.
    private func words(_ text: [UInt8], _ pattern: KnownPattern, _ expression: SplitExpression) -> (
        [Int], [Int]
    ) {
        var (scanned, matched) = ([Int](), [Int]())
        var choices: [SplitExpression.Choice] = []
        ScalarClasses.shared.withUnsafe { classes in
            text.withUnsafeBufferPointer { bytes in
                guard let start = bytes.baseAddress else { return }
                let text = KnownPattern.Text(bytes: start, end: bytes.count, classes: classes)
                while (scanned.last ?? 0) < bytes.count {
                    scanned.append(pattern.end(in: text, from: scanned.last ?? 0))
                }
                while let match = expression.firstMatch(in: text, from: matched.last ?? 0, &choices) {
                    #expect(match.lowerBound == matched.last ?? 0)
                    matched.append(match.upperBound)
                }
            }
        }
        return (scanned, matched)
    }

    /// A scanner divides every text as its expression does.
    @Test func scannersAreTheirExpressions() throws {
        var generator = SeededGenerator(seed: 51)
        let patterns: [KnownPattern] =
            [.gpt2, .words(.init(letters: [.letter, .mark], digits: 1))]
            + [1, 3].flatMap { digits -> [KnownPattern] in
                [
                    .words(.init(digits: digits)), .cased(.init(digits: digits)),
                    .cased(.init(contractions: true, digits: digits)),
                ]
            }
        for pattern in patterns {
            #expect(KnownPattern(expression: pattern.expression) == pattern)
            var parser = SplitExpressionParser(pattern.expression)
            let expression = try parser.compile()
            for _ in 0..<2000 {
                let count = Int.random(in: 1...12, using: &generator)
                let text = (0..<count).map { _ in Self.parts.randomElement(using: &generator)! }.joined()
                let (scanned, matched) = words(Array(text.utf8), pattern, expression)
                #expect(scanned == matched, "\(pattern): \(text.debugDescription)")
            }
        }
    }

    @Test(arguments: [
        ("(", "its )"), ("a)", "its ("), ("[a", "its ]"), ("a*?", "quantifier"), ("(a+)+", "repeat"),
        ("a*", "nothing"),
        (#"\w+"#, #"\w"#), (#"\p{Han}"#, #"\p{Han}"#), ("(?<=a)b", "(?<"), ("a{2,1}", "quantifier"),
        ("[a&&b]", "&"),
        (#"\p{Lm}"#, #"\p{Lm}"#), ("^a", "^"), ("(?i:é)", "ASCII"), (#"a\"#, "end"), ("[a[^b]]", "[^"),
        ("a{1,2}+", "quantifier"),
        ("(ab)++", "possessive"),
    ])
    func whatIsNotSupportedIsNamed(expression: String, reason: String) throws {
        let error = #expect(throws: SplitExpressionParser.Unsupported.self) {
            var parser = SplitExpressionParser(expression)
            _ = try parser.compile()
        }
        #expect(error?.what.contains(reason) == true, "\(error?.what ?? "")")
    }

    /// A set inside a set is their union, as in Bloom's pattern.
    @Test func setsInsideSets() throws {
        var (nested, flat) = (SplitExpressionParser("[^a[b-c\\s]d]+"), SplitExpressionParser("[^ab-c\\sd]+"))
        let (one, other) = (try nested.compile(), try flat.compile())
        #expect(one.sets.count == 1 && one.steps == other.steps)
        for scalar in "abcde \n中".unicodeScalars {
            let kind = ScalarClasses.shared[scalar.value]
            #expect(one.sets[0].contains(scalar.value, kind) == other.sets[0].contains(scalar.value, kind))
        }
    }

    /// Without memory of its failures the expression would take a time that grows with the sixth power of the text's length.
    @Test(.timeLimit(.minutes(1))) func timeIsBounded() throws {
        var parser = SplitExpressionParser("a*a*a*a*a*b")
        let expression = try parser.compile()
        var choices: [SplitExpression.Choice] = []
        func match(_ text: String) -> Range<Int>? {
            ScalarClasses.shared.withUnsafe { classes in
                Array(text.utf8).withUnsafeBufferPointer {
                    expression.firstMatch(
                        in: .init(bytes: $0.baseAddress!, end: $0.count, classes: classes), from: 0, &choices)
                }
            }
        }
        let letters = String(repeating: "a", count: 300)
        #expect(match(letters + "c") == nil && choices.isEmpty)
        #expect(match(letters + "cab") == 301..<303 && match(letters + "b") == 0..<301)
    }

    @Test func classesFollowUnicode16() {
        let classes = ScalarClasses.shared
        #expect(
            classes[0x41].contains(.upper) && classes[0x1C5].contains(.title)
                && classes[0x2B0].contains(.otherLetter))
        #expect(
            classes[0x20].contains(.space) && classes[0x3000].contains(.space)
                && !classes[0x200B].contains(.space))
        // Assigned in Unicode 17: a letter and a number, which only Rust's is_numeric knows.
        #expect(classes[0x88F].isDisjoint(with: [.letter, .mark, .number]))
        #expect(!classes[0x11DE0].contains(.number) && classes[0x11DE0].contains(.numeric))
        #expect(classes[0x24].contains([.symbol, .separator]) && classes[0x10FFFF].contains(.other))
    }
}
