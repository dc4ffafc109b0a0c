import Foundation
import Reports
import Support

/// Prints a value as JSON with snake_case keys.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder.stablePretty
    encoder.keyEncodingStrategy = .convertToSnakeCase
    // A divergence can be infinite; JSON cannot represent NaN or infinity.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try printJSON(text: String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// Prints JSON, with control characters escaped.
func printJSON(text: String) throws { try Console.write(text.terminalSafeJSON + "\n") }

/// The metrics of one model or output, encoded as the metrics' own keys and `path`.
struct ModelMetrics<Metrics: Encodable>: Encodable {
    let path: String
    let metrics: Metrics

    private enum CodingKeys: String, CodingKey { case path }

    func encode(to encoder: any Encoder) throws {
        try metrics.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
    }
}

/// Prints a table with a heading and aligned columns.
func printTable(_ heading: [String], _ rows: [[String]]) throws {
    let table = TextTable(rows: [heading] + rows)
    try Console.print(styled: table.text(colour: Terminal.hasColour(Terminal.standardOutput)))
}

/// A number with a fixed number of decimals, independent of the locale.
func decimal(_ value: Double, _ places: Int = 4) -> String {
    String(format: "%.\(places)f", value)
}

/// A fraction as a percentage with one decimal.
func percent(_ fraction: Double) -> String { decimal(100 * fraction, 1) + "%" }
