import Support

/// Reads which ids the `post_processor` of a `tokenizer.json` puts around a text.
struct TemplateReader {
    private let fields: FieldReader
    private let pieces: PieceTable
    private static let deepest = 16

    init(_ fields: FieldReader, _ pieces: PieceTable) { (self.fields, self.pieces) = (fields, pieces) }

    func read(_ value: JSONValue?, _ path: String) throws -> (begin: Int32?, end: Int32?) {
        var found: [(begin: Int32?, end: Int32?)] = []
        try read(value, path, into: &found, depth: 0)
        guard found.count <= 1 else { throw fields.error(path, "has \(found.count) templates", "one") }
        return found.first ?? (nil, nil)
    }

    private func read(
        _ value: JSONValue?, _ path: String, into found: inout [(begin: Int32?, end: Int32?)], depth: Int
    ) throws {
        guard let value, value != .null else { return }
        let object = try fields.object(value, path)
        let type = try fields.string(object["type"], "\(path).type")
        switch type {
        // It only trims the offsets of tokens.
        case "ByteLevel": break
        case "TemplateProcessing": found.append(try template(object, path))
        case "BertProcessing", "RobertaProcessing":
            found.append((try pair(object["cls"], "\(path).cls"), try pair(object["sep"], "\(path).sep")))
        case "Sequence" where depth < Self.deepest:
            let list = try fields.array(object["processors"], "\(path).processors")
            for (index, value) in list.enumerated() {
                try read(value, "\(path).processors[\(index)]", into: &found, depth: depth + 1)
            }
        default:
            throw fields.error(
                "\(path).type", "is \"\(type)\"",
                "ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing, Sequence")
        }
    }

    /// A token and its id.
    private func pair(_ value: JSONValue?, _ path: String) throws -> Int32 {
        guard case .array(let list)? = value, list.count == 2, case .string? = list.first,
            case .integer(let id)? = list.last, pieces.bounds.indices.dropLast().contains(id)
        else { throw fields.wrong(value, path, "a token and its id") }
        return Int32(id)
    }

    private func template(_ object: [String: JSONValue], _ path: String) throws -> (
        begin: Int32?, end: Int32?
    ) {
        let special = try fields.object(object["special_tokens"] ?? .object([:]), "\(path).special_tokens")
        var (begin, end, hasText) = (Int32?.none, Int32?.none, false)
        let single = try fields.array(object["single"], "\(path).single")
        for (index, value) in single.enumerated() {
            let place = "\(path).single[\(index)]"
            let part = try fields.object(value, place)
            if case .object? = part["Sequence"], !hasText {
                hasText = true
                continue
            }
            guard case .object(let token)? = part["SpecialToken"], case .string(let name)? = token["id"],
                case .object(let entry)? = special[name], case .array(let ids)? = entry["ids"],
                case .integer(let number)? = ids.first, ids.count == 1,
                pieces.bounds.indices.dropLast().contains(number),
                hasText ? end == nil : begin == nil
            else {
                throw fields.error(
                    place, "is \(value.text)",
                    "at most one special token, of one id, before the text and one behind it")
            }
            if hasText { end = Int32(number) } else { begin = Int32(number) }
        }
        guard hasText else {
            throw fields.error("\(path).single", "has no text", "a Sequence among its parts")
        }
        return (begin, end)
    }
}
