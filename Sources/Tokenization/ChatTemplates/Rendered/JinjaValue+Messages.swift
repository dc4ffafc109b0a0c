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
}
