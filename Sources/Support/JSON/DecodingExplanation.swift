import Foundation

extension DecodingError {
    /// What is wrong with the JSON, in one line: `"messages[0].role": a string is expected`.
    package var explanation: String {
        switch self {
        case .keyNotFound(let key, let context):
            "the key \"\(Self.path(context.codingPath + [key]))\" is missing"
        case .typeMismatch(let type, let context):
            "\(Self.subject(context)) is not \(Self.name(type))"
        case .valueNotFound(let type, let context):
            "\(Self.subject(context)) is null, not \(Self.name(type))"
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            "not valid JSON" + Self.reason(context)
        case .dataCorrupted(let context):
            "\(Self.subject(context)): \(context.debugDescription)"
        @unknown default:
            "\(self)"
        }
    }

    /// Foundation's description of a syntax error, with line and column; empty where it has none.
    private static func reason(_ context: Context) -> String {
        guard let error = context.underlyingError as NSError?,
            let text = error.userInfo[NSDebugDescriptionErrorKey] as? String
        else { return "" }
        return ": " + (text.hasSuffix(".") ? String(text.dropLast()) : text)
    }

    private static func subject(_ context: Context) -> String {
        context.codingPath.isEmpty ? "the value" : "\"\(path(context.codingPath))\""
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }

    private static func name(_ type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any FixedWidthInteger.Type: "an integer"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [String: Any].Type: "an object"
        case is [Any].Type: "a list"
        default: "of type \(type)"
        }
    }
}
