import Foundation

/// Charts as SVG text: lines over steps, and bars. Colours are classes `s0`…`s5` of the page's style sheet.
enum SVGChart {
    private static let width = 640.0, height = 300.0
    private static let left = 56.0, right = 12.0, top = 12.0, bottom = 36.0
    static let colours = 6

    /// Curves over a common axis, with a legend below. Points that are not finite are left out.
    static func lines(_ curves: [ReportData.Curve], xTitle: String, yTitle: String) -> String {
        let points = curves.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
        guard let firstX = points.map(\.x).min(), let lastX = points.map(\.x).max(),
            let lowY = points.map(\.y).min(), let highY = points.map(\.y).max()
        else { return "" }
        let xTicks = ticks(from: firstX, to: lastX)
        let yTicks = ticks(from: lowY, to: highY)
        let x = Scale(
            from: min(firstX, xTicks[0]), to: max(lastX, xTicks.last!), onto: left...(width - right))
        let y = Scale(
            from: min(lowY, yTicks[0]), to: max(highY, yTicks.last!), onto: top...(height - bottom),
            flipped: true)
        var body = ""
        for tick in yTicks {
            body += "<line class=\"grid\" x1=\"\(number(left))\" x2=\"\(number(width - right))\" "
            body += "y1=\"\(number(y(tick)))\" y2=\"\(number(y(tick)))\"/>"
            body += text(label(tick), x: left - 6, y: y(tick) + 4, anchor: "end")
        }
        for tick in xTicks {
            body += text(label(tick), x: x(tick), y: height - bottom + 16, anchor: "middle")
        }
        body += text(xTitle, x: (left + width - right) / 2, y: height - 4, anchor: "middle")
        for (index, curve) in curves.enumerated() {
            let path = thinned(curve.points.filter { $0.x.isFinite && $0.y.isFinite })
                .map { "\(number(x($0.x))),\(number(y($0.y)))" }.joined(separator: " ")
            body += "<polyline class=\"s\(index % colours)\" points=\"\(path)\"/>"
        }
        return figure(body, height: height, title: "\(yTitle) over \(xTitle)") + legend(curves.map(\.name))
    }

    /// One bar a name, from 0, with its value at the end.
    static func bars(_ bars: [(name: String, value: Double, text: String)], title: String) -> String {
        let bars = bars.filter { $0.value.isFinite && $0.value >= 0 }
        guard let highest = bars.map(\.value).max(), highest > 0 else { return "" }
        let row = 28.0, names = 180.0, values = 110.0
        let height = row * Double(bars.count) + 8
        var body = ""
        for (index, bar) in bars.enumerated() {
            let y = 4 + row * Double(index)
            let length = max(1, bar.value / highest * (width - names - values))
            let name = bar.name.count > 26 ? bar.name.prefix(25) + "…" : bar.name[...]
            body += text(String(name), x: names - 8, y: y + 17, anchor: "end")
            body += "<rect class=\"bar\" x=\"\(number(names))\" y=\"\(number(y + 4))\" "
            body += "width=\"\(number(length))\" height=\"\(number(row - 10))\"/>"
            body += text(bar.text, x: names + length + 6, y: y + 17, anchor: "start")
        }
        return figure(body, height: height, title: title)
    }

    /// Round values that span a range: steps of 1, 2 or 5 times a power of ten, about five of them.
    static func ticks(from low: Double, to high: Double) -> [Double] {
        guard high > low else { return [low] }
        let raw = (high - low) / 5
        let power = pow(10, log10(raw).rounded(.down))
        let step = ([1, 2, 5, 10].first { $0 * power >= raw } ?? 10) * power
        let first = (low / step).rounded(.up)
        let last = (high / step).rounded(.down)
        return first > last ? [low] : stride(from: first, through: last, by: 1).map { $0 * step }
    }

    /// Keeps at most as many points as a curve has pixels to show.
    private static func thinned(_ points: [ReportData.Point]) -> [ReportData.Point] {
        let most = Int(width)
        guard points.count > most else { return points }
        return (0..<most).map { points[$0 * (points.count - 1) / (most - 1)] }
    }

    private struct Scale {
        var low, high, start, end: Double

        init(from low: Double, to high: Double, onto range: ClosedRange<Double>, flipped: Bool = false) {
            (self.low, self.high) = (low, high)
            (start, end) =
                flipped ? (range.upperBound, range.lowerBound) : (range.lowerBound, range.upperBound)
        }

        func callAsFunction(_ value: Double) -> Double {
            high > low ? start + (value - low) / (high - low) * (end - start) : (start + end) / 2
        }
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }

    private static func label(_ value: Double) -> String { String(format: "%.4g", value) }

    private static func text(_ text: String, x: Double, y: Double, anchor: String) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(text.htmlEscaped)</text>"
    }

    private static func figure(_ body: String, height: Double, title: String) -> String {
        "<svg viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\"><title>\(title.htmlEscaped)</title>\(body)</svg>\n"
    }

    private static func legend(_ names: [String]) -> String {
        let items = names.enumerated().map { index, name in
            "<li><span class=\"s\(index % colours)\"></span>\(name.htmlEscaped)</li>"
        }
        return "<ul class=\"legend\">\(items.joined())</ul>\n"
    }
}
