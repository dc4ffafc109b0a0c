import Foundation
import Recipes
import Support

/// Prints a value as JSON with snake_case keys.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder.stablePretty
    encoder.keyEncodingStrategy = .convertToSnakeCase
    // A divergence can be infinite, which JSON's numbers cannot say.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try printJSON(text: String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// Prints JSON, safe for a terminal.
func printJSON(text: String) throws { try Console.write(text.terminalSafeJSON + "\n") }

/// What was measured of one model: the figures' own keys, and `path`.
struct ModelFigures<Figures: Encodable>: Encodable {
    let path: String
    let figures: Figures

    private enum CodingKeys: String, CodingKey { case path }

    func encode(to encoder: any Encoder) throws {
        try figures.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
    }
}

/// Prints rows under their headings, in aligned columns.
func printTable(_ heading: [String], _ rows: [[String]]) throws {
    let table = TextTable(rows: [heading] + rows)
    try Console.print(styled: table.text(colour: Terminal.hasColour(Terminal.standardOutput)))
}

/// A number with a fixed count of decimals, whatever the locale.
func decimal(_ value: Double, _ places: Int = 4) -> String {
    String(format: "%.\(places)f", value)
}
