/// A number with an optional exponent and `_` between digits: `2e-3`, `1_000_000`. `nil` for anything else, infinity
/// included.
package func numberValue(_ text: String) -> Double? {
    let pattern = /[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][-+]?\d+)?/
    guard text.wholeMatch(of: pattern) != nil, let value = Double(text.replacing("_", with: "")),
        value.isFinite
    else { return nil }
    return value
}

/// A whole number, also as `2e6`. `nil` if the number is not whole or does not fit.
package func integerValue(_ text: String) -> Int? {
    guard let value = numberValue(text) else { return nil }
    if let exact = Int(text.replacing("_", with: "")) { return exact }
    // Above 2^53 a Double does not represent every integer.
    guard value.rounded() == value, abs(value) <= 0x1p53 else { return nil }
    return Int(value)
}

/// The number that people mean by a Float: 0.1 of Float is not the 0.1 of Double, but is written like it.
package func decimal(_ value: Float) -> Double { Double("\(value)")! }
