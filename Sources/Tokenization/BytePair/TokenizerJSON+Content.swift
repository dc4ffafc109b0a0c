import Foundation
import Support

extension TokenizerJSON {
    /// The parts of a file. Vocabulary and merges, nearly all of its bytes, go into flat buffers.
    struct Content {
        /// Spellings, one after another; piece `i` of the file takes `bytes[bounds[i]..<bounds[i + 1]]` and has the id `ids[i]`.
        var bytes: [UInt8] = []
        var bounds = [0]
        var ids: [Int32] = []
        var largestID = -1
        /// Both halves of all merges, one after another; of each where its left half ends, and its right.
        var mergeBytes: [UInt8] = []
        var mergeBounds: [Int] = []
        /// Of a unigram model: the log probability of each piece, whose id is its place in the list.
        var logProbabilities: [Double]?
        /// What else `model` says.
        var settings: [String: JSONValue] = [:]
        var added: JSONValue?
        /// Where `added` is in the file.
        var addedRange: Range<Int>?
        /// The other parts of the file.
        var rest: [String: JSONValue] = [:]

        init(_ data: Data, name: String) throws {
            var parser = JSONParser(data, fileName: name)
            var hasModel = false
            let fields = FieldReader(name: name)
            try parser.pull { parser in
                guard parser.nextKind() == .object else {
                    throw fields.error(
                        "", "the file holds \(parser.nextKind().rawValue)", "a tokenizer.json, an object")
                }
                try parser.members { key, parser in
                    switch key {
                    case "model" where parser.nextKind() == .object:
                        hasModel = true
                        try readModel(&parser, fields)
                    case "added_tokens":
                        let start = parser.position
                        added = try parser.value()
                        addedRange = start..<parser.position
                    default: rest[key] = try parser.value()
                    }
                }
            }
            guard hasModel else {
                throw fields.error("model", "is missing", "the object of a tokenizer.json")
            }
            try checkModel(fields)
        }

        /// Leaves pieces of the vocabulary out.
        mutating func remove(_ removed: Set<Int32>) {
            guard ids.contains(where: removed.contains) else { return }
            var (kept, keptBounds, keptIDs) = ([UInt8](), [0], [Int32]())
            for (place, id) in ids.enumerated() where !removed.contains(id) {
                kept += bytes[bounds[place]..<bounds[place + 1]]
                keptBounds.append(kept.count)
                keptIDs.append(id)
            }
            logProbabilities = logProbabilities.map { scores in
                ids.indices.filter { !removed.contains(ids[$0]) }.map { scores[$0] }
            }
            (bytes, bounds, ids) = (kept, keptBounds, keptIDs)
            largestID = keptIDs.max().map { Int($0) } ?? -1
        }

        func spelling(_ place: Int) -> String {
            String(decoding: bytes[bounds[place]..<bounds[place + 1]], as: UTF8.self).debugDescription
        }

        private mutating func readModel(_ parser: inout JSONParser, _ fields: FieldReader) throws {
            try parser.members { key, parser in
                switch (key, parser.nextKind()) {
                case ("vocab", .object): try readVocabulary(&parser, fields)
                case ("vocab", .array): try readUnigramVocabulary(&parser, fields)
                case ("merges", .array): try readMerges(&parser, fields)
                default: settings[key] = try parser.value()
                }
            }
        }

        private mutating func readVocabulary(_ parser: inout JSONParser, _ fields: FieldReader) throws {
            var (bounds, ids, largest) = ([0], [Int32](), -1)
            try parser.integers(keys: &bytes) { value, bytes in
                guard value >= 0, value < TokenizerJSON.mostPieces, let id = Int32(exactly: value) else {
                    throw fields.error(
                        "model.vocab", "has the id \(value)", "0 to \(TokenizerJSON.mostPieces - 1)")
                }
                guard bytes.count > bounds[bounds.count - 1] else {
                    throw fields.error("model.vocab", "has an empty text with the id \(value)", "texts")
                }
                bounds.append(bytes.count)
                ids.append(id)
                largest = max(largest, value)
            }
            (self.bounds, self.ids, largestID) = (bounds, ids, largest)
        }

        /// The vocabulary of a unigram model: pairs of a text and its log probability.
        private mutating func readUnigramVocabulary(
            _ parser: inout JSONParser, _ fields: FieldReader
        ) throws {
            var scores: [Double] = []
            try parser.elements { parser in
                let path = "model.vocab[\(scores.count)]"
                guard parser.nextKind() == .array, scores.count < TokenizerJSON.mostPieces else {
                    throw fields.error(
                        path, "is not a pair", "at most \(TokenizerJSON.mostPieces) texts and scores")
                }
                var count = 0
                try parser.elements { parser in
                    switch (count, parser.nextKind()) {
                    case (0, .string): try parser.string(to: &bytes)
                    case (1, .scalar): scores.append(try Self.score(parser.value(), path, fields))
                    default: throw fields.error(path, "is not a pair", "a text and its score")
                    }
                    count += 1
                }
                guard count == 2, bytes.count > bounds[bounds.count - 1] else {
                    throw fields.error(
                        path, count == 2 ? "has an empty text" : "is not a pair", "a text and its score")
                }
                ids.append(Int32(ids.count))
                bounds.append(bytes.count)
            }
            (logProbabilities, largestID) = (scores, ids.count - 1)
        }

        /// Scores are summed over a text: within this bound the sum is finite for any text in memory.
        private static let largestScore = 1e20

        private static func score(_ value: JSONValue, _ path: String, _ fields: FieldReader) throws -> Double
        {
            let score: Double? =
                switch value {
                case .integer(let integer): Double(integer)
                case .number(let number): number
                default: nil
                }
            guard let score, score.magnitude <= largestScore else {
                throw fields.error(path, "has the score \(value.text)", "numbers")
            }
            return score
        }

        /// A merge is a list of two texts or, in files before 2024, one text with a space between them.
        private mutating func readMerges(_ parser: inout JSONParser, _ fields: FieldReader) throws {
            func damaged() -> UserError {
                fields.error(
                    "model.merges[\(mergeBounds.count / 2)]", "is not a pair",
                    "two texts, or one with a space between")
            }
            try parser.elements { parser in
                let start = mergeBytes.count
                if parser.nextKind() == .string {
                    try parser.string(to: &mergeBytes)
                    // A header that the first files had.
                    if Self.isHeader(mergeBytes, from: start) {
                        mergeBytes.removeLast(mergeBytes.count - start)
                        return
                    }
                    guard let space = Self.onlySpace(mergeBytes, from: start) else { throw damaged() }
                    mergeBytes.remove(at: space)
                    mergeBounds.append(space)
                } else {
                    guard parser.nextKind() == .array else { throw damaged() }
                    var count = 0
                    try parser.elements { parser in
                        guard count < 2, parser.nextKind() == .string else { throw damaged() }
                        try parser.string(to: &mergeBytes)
                        if count == 0 { mergeBounds.append(mergeBytes.count) }
                        count += 1
                    }
                    guard count == 2 else { throw damaged() }
                }
                mergeBounds.append(mergeBytes.count)
                guard mergeBounds.count / 2 <= TokenizerJSON.mostPieces else {
                    throw fields.error("model.merges", "are more than \(TokenizerJSON.mostPieces)", "fewer")
                }
            }
        }

        // Functions of their own: a slice that is alive while the buffer changes would make it copy itself, for each merge.
        private static func isHeader(_ bytes: [UInt8], from start: Int) -> Bool {
            bytes[start...].starts(with: "#version".utf8)
        }

        private static func onlySpace(_ bytes: [UInt8], from start: Int) -> Int? {
            let text = bytes[start...]
            return text.firstIndex(of: 0x20).flatMap { text.lastIndex(of: 0x20) == $0 ? $0 : nil }
        }

        private func checkModel(_ fields: FieldReader) throws {
            // Files before 2021 do not say the type.
            let type = settings["type"] ?? .string(logProbabilities == nil ? "BPE" : "Unigram")
            guard [.string("BPE"), .string("Unigram")].contains(type) else {
                throw fields.error("model.type", "is \(type.text)", "\"BPE\", \"Unigram\"")
            }
            if type == .string("Unigram") {
                guard logProbabilities != nil, !ids.isEmpty else {
                    throw fields.error(
                        "model.vocab", settings["vocab"].map { "is \($0.text)" } ?? "is no list of pieces",
                        "a list of texts and their scores")
                }
                return
            }
            guard logProbabilities == nil else {
                throw fields.error("model.vocab", "is a list", "an object of texts and their ids")
            }
            for (key, isThere) in [("vocab", !ids.isEmpty), ("merges", settings["merges"] == nil)]
            where !isThere {
                let value = settings[key].map { "is \($0.text)" } ?? "has no pieces"
                throw fields.error(
                    "model.\(key)", value,
                    key == "vocab" ? "an object of texts and their ids" : "a list of pairs")
            }
        }
    }
}

/// Reads the values of a `tokenizer.json` and says what is wrong with them.
struct FieldReader {
    let name: String

    /// - Parameters:
    ///   - path: Of the value in the file.
    ///   - problem: Goes on with the path: "is 7".
    ///   - accepted: What would be accepted.
    func error(_ path: String, _ problem: String, _ accepted: String) -> UserError {
        UserError(
            "\(path.isEmpty ? "" : "\(path) ")\(problem)", file: name, hint: "supported: \(accepted)")
    }

    func object(_ value: JSONValue?, _ path: String) throws -> [String: JSONValue] {
        guard case .object(let object)? = value else { throw wrong(value, path, "an object") }
        return object
    }

    func array(_ value: JSONValue?, _ path: String) throws -> [JSONValue] {
        guard case .array(let array)? = value else { throw wrong(value, path, "a list") }
        return array
    }

    func string(_ value: JSONValue?, _ path: String) throws -> String {
        guard case .string(let string)? = value else { throw wrong(value, path, "a text") }
        return string
    }

    func boolean(_ value: JSONValue?, _ path: String, default standard: Bool? = nil) throws -> Bool {
        switch value {
        case .boolean(let flag)?: return flag
        case nil where standard != nil, .null? where standard != nil: return standard ?? false
        default: throw wrong(value, path, "true or false")
        }
    }

    /// One of the names of an enumeration.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ value: JSONValue?, _ path: String, default standard: Choice? = nil
    ) throws -> Choice where Choice.RawValue == String {
        if value == nil, let standard { return standard }
        let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        guard case .string(let name)? = value, let choice = Choice(rawValue: name) else {
            throw wrong(value, path, names)
        }
        return choice
    }

    func wrong(_ value: JSONValue?, _ path: String, _ accepted: String) -> UserError {
        error(path, value.map { "is \($0.text)" } ?? "is missing", accepted)
    }
}

extension TokenizerJSON {
    static func addedTokens(
        _ value: JSONValue?, _ fields: FieldReader
    ) throws -> [AddedTokens.Token] {
        guard let value, value != .null else { return [] }
        var seen: Set<[UInt8]> = []
        return try fields.array(value, "added_tokens").enumerated().map { index, value in
            let path = "added_tokens[\(index)]"
            let token = try fields.object(value, path)
            let content = try fields.string(token["content"], "\(path).content")
            guard case .integer(let number)? = token["id"], (0..<mostPieces).contains(number) else {
                throw fields.wrong(token["id"], "\(path).id", "0 to \(mostPieces - 1)")
            }
            guard !content.isEmpty, seen.insert(Array(content.utf8)).inserted else {
                throw fields.error(
                    "\(path).content",
                    content.isEmpty ? "is empty" : "\(content.debugDescription) is given twice",
                    "different texts")
            }
            func flag(_ key: String) throws -> Bool {
                try fields.boolean(token[key], "\(path).\(key)", default: false)
            }
            return AddedTokens.Token(
                id: Int32(number), content: content, stripsLeft: try flag("lstrip"),
                stripsRight: try flag("rstrip"),
                isSingleWord: try flag("single_word"), isNormalized: try flag("normalized"),
                isSpecial: try flag("special"))
        }
    }
}
