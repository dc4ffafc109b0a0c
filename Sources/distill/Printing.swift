import Foundation
import Recipes

/// Prints a value as JSON with snake_case keys.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// Prints rows under their headings, in aligned columns.
func printTable(_ heading: [String], _ rows: [[String]]) {
    print(TextTable(rows: [heading] + rows).text(colour: Terminal.hasColour(Terminal.standardOutput)))
}

/// A number with a fixed count of decimals, whatever the locale.
func decimal(_ value: Double, _ places: Int = 4) -> String {
    String(format: "%.\(places)f", value)
}
