import Foundation

/// Curves over a common axis, as HTML with an SVG plot. Labels are HTML, so that they keep their size on every screen and
/// are never clipped.
///
/// A series is identified by colour and dash pattern, both classes of the page's style sheet. As many series as there
/// are such pairs share a plot; more are drawn in further plots with the same axes.
enum LineChart {
    struct Series {
        var name: String
        /// Decides colour and dash pattern, so that a training looks alike in every chart.
        var index: Int
        var points: [ReportData.Point]
    }

    static let colours = 6, dashes = 4
    static var seriesInPlot: Int { colours * dashes }
    private static let width = 640.0, height = 300.0

    /// - Returns: nothing if no point is finite; other points are left out
    static func html(_ series: [Series], xTitle: String, yTitle: String) -> String {
        let series = series.compactMap { series -> Series? in
            var finite = series
            finite.points.removeAll { !$0.x.isFinite || !$0.y.isFinite }
            return finite.points.isEmpty ? nil : finite
        }
        guard !series.isEmpty else { return "" }
        let points = series.flatMap(\.points)
        let (x, y) = (AxisScale(covering: points.map(\.x)), AxisScale(covering: points.map(\.y)))
        let plots = Dictionary(grouping: series) { $0.index / seriesInPlot }
        return plots.keys.sorted().map { key in
            plot(plots[key] ?? [], x: x, y: y, xTitle: xTitle, yTitle: yTitle)
        }.joined()
    }

    private static func plot(_ series: [Series], x: AxisScale, y: AxisScale, xTitle: String, yTitle: String)
        -> String
    {
        var drawing = ""
        for tick in y.ticks {
            let top = number((1 - y.position(tick)) * height)
            drawing +=
                "<line class=\"grid\" x1=\"0\" x2=\"\(number(width))\" y1=\"\(top)\" y2=\"\(top)\"/>"
        }
        for curve in series {
            // A measurement made once is a point: a line of no length with round ends.
            let isPoint = curve.points.count == 1
            let path = (isPoint ? curve.points + curve.points : thinned(curve.points))
                .map { "\(number(x.position($0.x) * width)),\(number((1 - y.position($0.y)) * height))" }
                .joined(separator: " ")
            drawing +=
                "<polyline class=\"\(style(curve.index))\(isPoint ? " point" : "")\" points=\"\(path)\">"
            drawing += "<title>\(curve.name.htmlEscaped)</title></polyline>"
        }
        let yLabels = zip(y.ticks, y.labels).map { tick, label in
            "<span class=\"y\" style=\"bottom: \(percent(y.position(tick)))\">\(label)</span>"
        }
        let xLabels = zip(x.ticks, x.labels).map { tick, label in
            "<span class=\"x\" style=\"left: \(percent(x.position(tick)))\">\(label)</span>"
        }
        let left = (y.labels.map(\.count).max() ?? 0) + 1
        let right = (x.labels.last?.count ?? 0) / 2 + 1
        return """
            <figure>
            <p class="axis">\(yTitle.htmlEscaped)</p>
            <div class="plot" style="margin-left: \(left)ch; margin-right: \(right)ch">
            <svg viewBox="0 0 \(Int(width)) \(Int(height))" preserveAspectRatio="none" role="img">\
            <title>\("\(yTitle) over \(xTitle)".htmlEscaped)</title>\(drawing)</svg>
            \(yLabels.joined())\(xLabels.joined())
            </div>
            <p class="axis x">\(xTitle.htmlEscaped)</p>
            \(legend(series))</figure>

            """
    }

    private static func legend(_ series: [Series]) -> String {
        let items = series.map { series in
            "<li><svg viewBox=\"0 0 40 10\" aria-hidden=\"true\"><polyline class=\"\(style(series.index))\" "
                + "points=\"0,5 40,5\"/></svg><span>\(series.name.htmlEscaped)</span></li>"
        }
        return "<ul class=\"legend\">\(items.joined())</ul>\n"
    }

    /// The classes of a series' colour and dash pattern.
    private static func style(_ index: Int) -> String { "c\(index % colours) d\(index / colours % dashes)" }

    /// Keeps at most as many points as a curve has pixels to show.
    private static func thinned(_ points: [ReportData.Point]) -> [ReportData.Point] {
        let most = Int(width)
        guard points.count > most else { return points }
        return (0..<most).map { points[$0 * (points.count - 1) / (most - 1)] }
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }

    private static func percent(_ position: Double) -> String { String(format: "%.2f%%", 100 * position) }
}
