import Foundation
import Hub

extension StudentRecipe {
    /// One path, or a list of several.
    static func list(_ paths: [String]) -> String {
        paths.count == 1 ? scalar(paths[0]) : "[\(paths.map(scalar).joined(separator: ", "))]"
    }

    /// A path, or a name on the hub, as a YAML scalar. A path without a slash gets `./`, so that it is no name of a stage's result.
    static func scalar(_ path: String) -> String {
        let isUnambiguous = path.contains("/") || path.hasPrefix(HubReference.prefix)
        let path = isUnambiguous ? path : "./\(path)"
        let isPlain = path.utf8.allSatisfy { byte in
            switch UnicodeScalar(byte) {
            case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "/", "-": true
            default: false
            }
        }
        return isPlain ? path : quoted(path)
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case _ where scalar.value < 32 || scalar.value == 127: String(format: "\\x%02X", scalar.value)
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }
}
