import Jinja
import Support

extension JinjaValue {
    /// A message as templates read it: `role`, `content` and its other fields. The role counts as the template's, since it is one
    /// of four words.
    init(_ message: Message, origin: Origin) throws(JinjaError) {
        var members: [(key: JinjaValue, value: JinjaValue)] = [
            (.text("role", origin: .template), .text(message.role.rawValue, origin: .template)),
            (.text("content", origin: .template), .text(message.content, origin: origin)),
        ]
        for field in message.fields {
            members.append((.text(field.key, origin: .template), try JinjaValue(field.value, origin: origin)))
        }
        self = .map(try JinjaMap(members))
    }

    /// JSON whose texts have one origin.
    init(_ json: OrderedJSON, origin: Origin) throws(JinjaError) {
        switch json {
        case .null: self = .none
        case .boolean(let value): self = .bool(value)
        case .integer(let value): self = .int(value)
        case .number(let value): self = .float(value)
        case .string(let value): self = .text(value, origin: origin)
        case .array(let values):
            var list: [JinjaValue] = []
            for value in values { list.append(try JinjaValue(value, origin: origin)) }
            self = try .list(list)
        case .object(let members):
            var pairs: [(key: JinjaValue, value: JinjaValue)] = []
            for member in members {
                pairs.append(
                    (.text(member.key, origin: origin), try JinjaValue(member.value, origin: origin)))
            }
            self = .map(try JinjaMap(pairs))
        }
    }
}
