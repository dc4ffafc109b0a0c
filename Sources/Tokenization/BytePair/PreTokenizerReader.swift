import Support

/// Reads the `pre_tokenizer` of a `tokenizer.json`.
struct PreTokenizerReader {
    private let fields: FieldReader
    private(set) var preTokenizer = PreTokenizer()
    private(set) var byteLevel = TokenizerJSON.ByteLevelUse.none
    private static let deepest = 16
    /// Stages in all.
    private static let most = 64

    init(_ fields: FieldReader) { self.fields = fields }

    mutating func read(_ value: JSONValue?, _ path: String) throws { try read(value, path, depth: 0) }

    private mutating func read(_ value: JSONValue?, _ path: String, depth: Int) throws {
        guard let value, value != .null else { return }
        let object = try fields.object(value, path)
        guard depth < Self.deepest, preTokenizer.stages.count < Self.most else {
            throw fields.error(path, "is nested too deep", "at most \(Self.most) pre-tokenizers")
        }
        let type = try fields.string(object["type"], "\(path).type")
        if type == "Sequence" {
            let list = try fields.array(object["pretokenizers"], "\(path).pretokenizers")
            for (index, value) in list.enumerated() {
                try read(value, "\(path).pretokenizers[\(index)]", depth: depth + 1)
            }
            return
        }
        if byteLevel == .atEnd {
            guard type != "ByteLevel" else {
                throw fields.error(path, "is a second ByteLevel", "one ByteLevel")
            }
            preTokenizer.stages.append(.byteAlphabet)
            byteLevel = .before
        }
        switch type {
        case "ByteLevel": try readByteLevel(object, path)
        case "Split": try readSplit(object, path)
        case "Digits":
            let isolates = try fields.boolean(
                object["individual_digits"], "\(path).individual_digits", default: false)
            preTokenizer.append(
                SplitExpression(CharacterSet(classes: .numeric)), source: type,
                isolates ? .isolated : .contiguous)
        case "Punctuation":
            let behavior = try fields.choice(
                object["behavior"], "\(path).behavior", default: PreTokenizer.Behavior.isolated)
            preTokenizer.append(
                SplitExpression(CharacterSet(classes: .separator)), source: type, behavior)
        case "Whitespace": preTokenizer.append(.words, source: type, .removed, isInverted: true)
        case "WhitespaceSplit":
            preTokenizer.append(SplitExpression(CharacterSet(classes: .space)), source: type, .removed)
        case "BertPreTokenizer":
            preTokenizer.append(
                SplitExpression(CharacterSet(classes: .space)), source: "WhitespaceSplit", .removed)
            preTokenizer.append(
                SplitExpression(CharacterSet(classes: .separator)), source: "Punctuation", .isolated)
        case "CharDelimiterSplit":
            let delimiter = try fields.string(object["delimiter"], "\(path).delimiter")
            guard delimiter.unicodeScalars.count == 1 else {
                throw fields.wrong(object["delimiter"], "\(path).delimiter", "one character")
            }
            preTokenizer.append(literal: Array(delimiter.utf8), .removed)
        case "Metaspace": try readMetaspace(object, path)
        default:
            throw fields.error(
                "\(path).type", "is \"\(type)\"",
                "ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, BertPreTokenizer, "
                    + "CharDelimiterSplit, Metaspace, Sequence")
        }
    }

    private mutating func readByteLevel(_ object: [String: JSONValue], _ path: String) throws {
        if try fields.boolean(object["add_prefix_space"], "\(path).add_prefix_space", default: true) {
            preTokenizer.stages.append(.prefixSpace)
        }
        if try fields.boolean(object["use_regex"], "\(path).use_regex", default: true) {
            preTokenizer.stages.append(.known(.gpt2))
        }
        byteLevel = .atEnd
    }

    private mutating func readSplit(_ object: [String: JSONValue], _ path: String) throws {
        let behavior: PreTokenizer.Behavior = try fields.choice(object["behavior"], "\(path).behavior")
        let isInverted = try fields.boolean(object["invert"], "\(path).invert", default: false)
        let pattern = try fields.object(object["pattern"], "\(path).pattern")
        if case .string(let text)? = pattern["String"], !text.isEmpty, pattern.count == 1 {
            preTokenizer.append(literal: Array(text.utf8), behavior, isInverted: isInverted)
            return
        }
        guard case .string(let expression)? = pattern["Regex"], pattern.count == 1 else {
            throw fields.wrong(
                object["pattern"], "\(path).pattern", "{\"Regex\": …} or {\"String\": …}")
        }
        // What such a pattern does not match is nothing.
        let keepsMatches = behavior == .isolated || behavior == .removed && isInverted
        if keepsMatches, let known = KnownPattern(expression: expression) {
            preTokenizer.stages.append(.known(known))
            return
        }
        preTokenizer.append(
            try SplitExpression(expression, fields, "\(path).pattern.Regex"), source: expression, behavior,
            isInverted: isInverted)
    }

    private mutating func readMetaspace(_ object: [String: JSONValue], _ path: String) throws {
        var replacement = "\u{2581}"
        if let value = object["replacement"] { replacement = try fields.string(value, "\(path).replacement") }
        guard replacement.unicodeScalars.count == 1 else {
            throw fields.wrong(object["replacement"], "\(path).replacement", "one character")
        }
        var scheme = PreTokenizer.PrependScheme.always
        if let value = object["prepend_scheme"] {
            scheme = try fields.choice(value, "\(path).prepend_scheme")
        } else if try !fields.boolean(object["add_prefix_space"], "\(path).add_prefix_space", default: true) {
            // How files before 2024 say it.
            scheme = .never
        }
        preTokenizer.stages.append(.metaspace(preTokenizer.literals.count, scheme))
        preTokenizer.literals.append(Array(replacement.utf8))
        if try fields.boolean(object["split"], "\(path).split", default: true) {
            preTokenizer.append(literal: Array(replacement.utf8), .mergedWithNext)
        }
    }
}

extension SplitExpression {
    /// Compiles an expression of a file.
    /// - Throws: `UserError` that names what is not supported.
    init(_ expression: String, _ fields: FieldReader, _ path: String) throws {
        var parser = SplitExpressionParser(expression)
        do {
            self = try parser.compile()
        } catch {
            throw fields.error(
                path, "\(JSONValue.string(expression).text) has \(error.what) at character \(error.offset)",
                "literals, sets, \\s, \\d, \\p{L}, \\p{N} and other general categories, groups, (?i:…), (?!…), (?=…), $ "
                    + "and greedy quantifiers")
        }
    }
}
