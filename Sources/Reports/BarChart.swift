import Foundation

/// One bar a model from 0, with its name before it and its value behind it. Names wrap, and values have the room they
/// need at every width.
enum BarChart {
    struct Bar {
        var name: String
        var value: Double
        var text: String
    }

    /// - Returns: nothing if no value is above 0: there is no scale then. A value that is below 0, as an estimate of a
    ///   divergence may be, has a bar without length.
    static func html(_ bars: [Bar]) -> String {
        guard let highest = bars.map(\.value).filter(\.isFinite).max(), highest > 0 else { return "" }
        let rows = bars.map { bar in
            let fraction = bar.value.isFinite ? max(0, bar.value / highest) : 0
            let width = String(format: "%.2f%%", 100 * fraction)
            return "<span class=\"name\">\(bar.name.htmlEscaped)</span>"
                + "<span class=\"track\"><span class=\"bar\" style=\"width: \(width)\"></span></span>"
                + "<span class=\"value\">\(bar.text.htmlEscaped)</span>\n"
        }
        return "<div class=\"bars\">\n\(rows.joined())</div>\n"
    }
}
