/// The classes of Unicode scalars that split patterns ask for.
///
/// The version is Unicode 16, that of Oniguruma in `tokenizers` 0.23, whatever the standard library follows: a scalar assigned
/// later belongs to no class. `isNumeric` alone has no such bound: it is Rust's `char::is_numeric`, which follows Unicode 17.
struct ScalarClass: OptionSet, Sendable {
    let rawValue: UInt16

    /// Lu.
    static let upper = ScalarClass(rawValue: 1)
    /// Ll.
    static let lower = ScalarClass(rawValue: 2)
    /// Lm and Lo.
    static let otherLetter = ScalarClass(rawValue: 4)
    /// M.
    static let mark = ScalarClass(rawValue: 8)
    /// N.
    static let number = ScalarClass(rawValue: 16)
    /// P.
    static let punctuation = ScalarClass(rawValue: 32)
    /// S.
    static let symbol = ScalarClass(rawValue: 64)
    /// White_Space, `\s`.
    static let space = ScalarClass(rawValue: 128)
    /// Nd, `\d`.
    static let digit = ScalarClass(rawValue: 256)
    /// `\w` of Rust's `regex`: Alphabetic, M, Nd, Pc, Join_Control.
    static let word = ScalarClass(rawValue: 512)
    /// Rust's `char::is_numeric`: N.
    static let numeric = ScalarClass(rawValue: 1024)
    /// What the Punctuation pre-tokenizer divides at: ASCII punctuation and symbols, and P of Unicode 8.
    static let separator = ScalarClass(rawValue: 2048)
    /// CR and LF.
    static let lineBreak = ScalarClass(rawValue: 4096)
    /// Z.
    static let separatorCategory = ScalarClass(rawValue: 8192)
    /// Any other category: C.
    static let other = ScalarClass(rawValue: 16384)
    /// Lt.
    static let title = ScalarClass(rawValue: 32768)

    /// L.
    static let letter: ScalarClass = [.upper, .lower, .otherLetter, .title]
    /// Lu, Lt, Lm, Lo, M.
    static let notSmall: ScalarClass = [.upper, .title, .otherLetter, .mark]
    /// Ll, Lm, Lo, M.
    static let notCapital: ScalarClass = [.lower, .otherLetter, .mark]
}

/// The classes of all scalars in two stages, blocks of 256 that occur once each.
struct ScalarClasses: Sendable {
    /// Built at first use, in about 20 ms.
    static let shared = ScalarClasses()

    /// For each block of the code space, where it begins in `classes`.
    private let blocks: [UInt32]
    private let classes: [ScalarClass]

    private static let blockSize = 256

    private init() {
        var blocks: [UInt32] = []
        var classes: [ScalarClass] = []
        var known: [[UInt16]: UInt32] = [:]
        for block in 0..<0x110000 / Self.blockSize {
            let start = UInt32(block * Self.blockSize)
            // The planes between and behind these have no characters but those for private use.
            let isEmpty = start >= 0x34000 && !(0xE0000..<0xE1000).contains(start)
            let content = (start..<start + UInt32(Self.blockSize)).map { value in
                isEmpty ? ScalarClass.other : Unicode.Scalar(value).map(Self.classify) ?? .other
            }
            let key = content.map(\.rawValue)
            if let place = known[key] {
                blocks.append(place)
            } else {
                known[key] = UInt32(classes.count)
                blocks.append(UInt32(classes.count))
                classes += content
            }
        }
        (self.blocks, self.classes) = (blocks, classes)
    }

    /// A view without retain counts, for hot loops.
    @inline(__always)
    func withUnsafe<R>(_ body: (UnsafeScalarClasses) throws -> R) rethrows -> R {
        try blocks.withUnsafeBufferPointer { blocks in
            try classes.withUnsafeBufferPointer { classes in
                try body(UnsafeScalarClasses(blocks: blocks.baseAddress!, classes: classes.baseAddress!))
            }
        }
    }

    subscript(scalar: UInt32) -> ScalarClass {
        classes[Int(blocks[Int(scalar >> 8)]) + Int(scalar & 255)]
    }

    private static func classify(_ scalar: Unicode.Scalar) -> ScalarClass {
        let properties = scalar.properties
        let age = properties.age ?? (99, 0)
        var result: ScalarClass = []
        switch properties.generalCategory {
        case .uppercaseLetter: result = .upper
        case .titlecaseLetter: result = .title
        case .lowercaseLetter: result = .lower
        case .modifierLetter, .otherLetter: result = .otherLetter
        case .nonspacingMark, .spacingMark, .enclosingMark: result = [.mark, .word]
        case .decimalNumber: result = [.number, .digit, .word, .numeric]
        case .letterNumber, .otherNumber: result = [.number, .numeric]
        case .connectorPunctuation: result = [.punctuation, .word]
        case .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
            .otherPunctuation:
            result = .punctuation
        case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: result = .symbol
        case .spaceSeparator, .lineSeparator, .paragraphSeparator: result = .separatorCategory
        default: result = .other
        }
        if age > (16, 0) { result = result.contains(.numeric) ? [.numeric, .other] : .other }
        if properties.isWhitespace { result.insert(.space) }
        if properties.isAlphabetic || properties.isJoinControl { result.insert(.word) }
        if scalar == "\r" || scalar == "\n" { result.insert(.lineBreak) }
        // Two signs that were punctuation in Unicode 8 and are symbols since.
        let wasPunctuation = scalar.value == 0x166D || scalar.value == 0x111C9
        let isASCII = scalar.value < 128 && !result.isDisjoint(with: [.punctuation, .symbol])
        if isASCII || wasPunctuation || result.contains(.punctuation) && age <= (8, 0) {
            result.insert(.separator)
        }
        return result
    }
}

/// The classes of scalars, and the scalars of text known to be UTF-8.
struct UnsafeScalarClasses {
    let blocks: UnsafePointer<UInt32>
    let classes: UnsafePointer<ScalarClass>

    @inline(__always)
    subscript(scalar: UInt32) -> ScalarClass { classes[Int(blocks[Int(scalar >> 8)]) + Int(scalar & 255)] }

    /// The class of the character at a place, and its length.
    @inline(__always)
    func character(_ text: UnsafePointer<UInt8>, _ index: Int) -> (class: ScalarClass, length: Int) {
        let first = text[index]
        if first < 0x80 { return (classes[Int(first)], 1) }
        let (scalar, length) = Self.scalar(text, index)
        return (self[scalar], length)
    }

    /// The scalar at a place, and its length in bytes. The text must be UTF-8.
    @inline(__always)
    static func scalar(_ text: UnsafePointer<UInt8>, _ index: Int) -> (UInt32, length: Int) {
        let first = UInt32(text[index])
        if first < 0x80 { return (first, 1) }
        func bits(_ offset: Int) -> UInt32 { UInt32(text[index + offset] & 0x3F) }
        if first < 0xE0 { return ((first & 0x1F) << 6 | bits(1), 2) }
        if first < 0xF0 { return ((first & 0x0F) << 12 | bits(1) << 6 | bits(2), 3) }
        return ((first & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3), 4)
    }

    /// The place of the character before another.
    @inline(__always)
    static func before(_ text: UnsafePointer<UInt8>, _ index: Int) -> Int {
        var index = index - 1
        while text[index] & 0xC0 == 0x80 { index -= 1 }
        return index
    }
}
