import Foundation
import TestSupport
import Testing

extension CommandRun {
    /// Standard output as a JSON object; records an issue when it is none.
    func json(sourceLocation: SourceLocation = #_sourceLocation) throws -> [String: Any] {
        try #require(status == 0, "\(standardError)", sourceLocation: sourceLocation)
        let value = try JSONSerialization.jsonObject(with: Data(standardOutput.utf8))
        return try #require(value as? [String: Any], sourceLocation: sourceLocation)
    }

    /// The objects under `models`, as `distill evaluate` prints them.
    func models(sourceLocation: SourceLocation = #_sourceLocation) throws -> [[String: Any]] {
        try #require(
            try json(sourceLocation: sourceLocation)["models"] as? [[String: Any]],
            sourceLocation: sourceLocation)
    }
}

extension [String: Any] {
    /// A number; fails the test when there is none.
    func number(_ key: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Double {
        try #require(
            (self[key] as? NSNumber)?.doubleValue, "no number \(key)", sourceLocation: sourceLocation)
    }
}
