import Foundation
import Support
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@testable import Reports

/// Faults found, line 26: nothing that is measured is missing from the report, cut off or told apart by nothing, however
/// many models and series there are and however long their names.
@Suite struct ReportLayoutTests {
    private static let longName =
        "a variant whose name says everything about it, from its learning rate to the_corpus_that_it_was_trained_on"

    private func report(models: Int, tasks: Int = 2, name: (Int) -> String = { "model \($0)" }) -> ReportData
    {
        let scores = (0..<models).map { index in
            let accuracy = Double(index + 1) / Double(models + 1)
            var scores = ModelScores(model: name(index), parameters: 1_000_000, bytes: 4 << 20)
            scores.perplexity = .init(1e30 / Double(index + 1), standardError: 1e27)
            scores.kl = .init(1e-7 * Double(index + 1), standardError: 2.2e-5)
            scores.agreement = .init(0.5)
            scores.tasks = (0..<tasks).map { task in
                ModelScores.Task(
                    label: "questions_of_a_kind_with_a_long_name \(task)",
                    accuracy: .init(accuracy, standardError: 0.1), questions: 10)
            }
            return scores
        }
        var curves: [ReportData.Curve] = []
        for index in 0..<models {
            let points = (0..<20).map { ReportData.Point(x: Double(50 * $0), y: 3 / Double($0 + index + 1)) }
            for quantity in ReportData.Quantity.allCases {
                curves.append(.init(name: name(index), quantity: quantity, points: points))
            }
        }
        let measured = scores.map { ReportData.Model(scores: $0, cacheKey: Fingerprint(hashing: $0.model)) }
        return ReportData(
            title: "layout", toolVersion: "0.1", seed: 1,
            stages: [.init(label: "train \(Self.longName)", seconds: 1, summary: Self.longName)],
            runs: [.init(variant: nil, seed: nil, models: measured, curves: curves)])
    }

    /// The text of a page without its style sheet and its opportunities to break words.
    private func text(_ data: ReportData) throws -> String {
        let html = HTMLReport(data).text
        let parser = XMLParser(data: Data(html.replacing("<!DOCTYPE html>", with: "").utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        let body = try #require(html.firstRange(of: "<body>"))
        return String(html[body.lowerBound...]).replacing("<wbr/>", with: "")
    }

    @Test(arguments: [1, 2, 7, 40]) func everyNameAndValueIsWhole(models: Int) throws {
        let data = report(models: models) { "\(Self.longName) \($0)" }
        let text = try text(data)
        for index in 0..<models {
            let name = "\(Self.longName) \(index)"
            #expect(text.contains("<td>\(name)</td>"), "the table")
            #expect(text.contains("<span class=\"name\">\(name)</span>"), "the bars")
            #expect(text.contains("<span>\(name)</span></li>"), "the legend")
        }
        #expect(!text.contains("…"))
        // Every value of the table but sizes stands beside a bar, too.
        let columns = data.scoreTable[0].indices.dropFirst(3)
        for row in data.scoreTable.dropFirst() {
            for column in columns {
                #expect(row[column].count <= 24, "\(row[column]) takes the room of the bars")
                #expect(text.contains("<span class=\"value\">\(row[column])</span>"))
            }
        }
    }

    /// A bar for every model: no length where the value is 0 or, as an estimate may be, below.
    @Test func noModelIsLeftOutOfABarChart() {
        let bars = [-0.01, 0, 0.5, 1].map { BarChart.Bar(name: "m\($0)", value: $0, text: "\($0)") }
        let widths = BarChart.html(bars).matches(of: /width: ([0-9.]+)%/).map { String($0.1) }
        #expect(widths == ["0.00", "0.00", "50.00", "100.00"])
    }

    @Test(arguments: [1, 6, 7, 20, 24, 25, 60]) func noTwoSeriesOfAPlotLookAlike(series: Int) throws {
        let curves = (0..<series).map { index in
            LineChart.Series(
                name: "series \(index)", index: index,
                points: (0..<3).map { .init(x: Double($0), y: Double(index)) })
        }
        let html = LineChart.html(curves, xTitle: "step", yTitle: "loss")
        let plots = html.split(separator: "<figure>").map(String.init)
        #expect(plots.count == (series + 23) / 24)
        var drawn = 0
        for plot in plots {
            let styles = plot.matches(of: /class="(c\d d\d)" points="[^"]*"><title>/).map { String($0.1) }
            #expect(Set(styles).count == styles.count)
            let keys = plot.matches(of: /class="(c\d d\d)" points="0,5 40,5"/).map { String($0.1) }
            #expect(keys == styles, "the legend")
            drawn += styles.count
            for style in styles.flatMap({ $0.split(separator: " ") }) {
                #expect(ReportStyle.css.contains(".\(style) {"))
            }
        }
        #expect(drawn == series)
        // Plots of one quantity have one scale.
        let labels = plots.map { $0.matches(of: /<span class="[xy]"[^>]*>[^<]*/).map { String($0.0) } }
        #expect(Set(labels).count == 1)
    }

    @Test func everyQuantityOfATrainingIsDrawnInItsColour() throws {
        let text = try text(report(models: 3))
        for quantity in ReportData.Quantity.allCases {
            let section = try #require(text.components(separatedBy: "<h2>\(quantity.heading)</h2>").last)
            #expect(section.contains("<polyline class=\"c2 d0\""), "\(quantity)")
        }
    }

    @Test func whatWasMeasuredOnceIsAPoint() {
        let html = LineChart.html(
            [.init(name: "a", index: 0, points: [.init(x: 5, y: 2), .init(x: 6, y: .infinity)])],
            xTitle: "step", yTitle: "loss")
        #expect(html.contains("class=\"c0 d0 point\" points=\"320.0,150.0 320.0,150.0\""))
    }

    /// However many columns there are, each is in one part, and a part fits the page.
    @Test(arguments: [0, 1, 5, 30, 300]) func wideTablesAreDivided(columns: Int) {
        let rows = (0..<3).map { row in
            ["model"] + (0..<columns).map { row == 0 ? "task_number_\($0)" : "12.3 ± 4.5 %" }
        }
        let table = HTMLTable(rows: rows)
        #expect(table.parts.flatMap { $0 } == Array(1..<(columns + 1)))
        // 14 px type in a page of 74 rem: names, and columns of twelve characters in the widest of faces.
        #expect(
            table.parts.allSatisfy {
                14 * (4 + 1.15 * Double($0.count) + 0.64 * 12 * Double($0.count)) <= 74 * 16
            })
        #expect(table.parts.count <= 1 + columns / 6)
    }

    /// The columns that every recipe can have stand in one table.
    @Test func theUsualColumnsFitThePage() {
        let columns = [
            ("parameters", "213.3 k"), ("size", "835.3 KiB"), ("perplexity", "1.420 ± 0.037"),
            ("KL to teacher", "0.00000 ± 0.00000"), ("top-1 agreement", "100.0 %"), ("ECE", "12.4 %"),
            ("seen questions", "100.0 ± 0.0 %"), ("tokens/s", "51234"),
        ]
        let names = ["model", "a_long_name_of_a_variant: student"]
        let table = HTMLTable(rows: [[names[0]] + columns.map(\.0), [names[1]] + columns.map(\.1)])
        #expect(table.parts.count == 1)
    }

    /// On small screens the headings stand before the values.
    @Test func cellsCarryTheirHeadings() {
        let html = HTMLTable(rows: [["model", "a \"b\" <c>"], ["x", "1"]]).html
        #expect(html.contains("<td data-label=\"a &quot;b&quot; &lt;c&gt;\">1</td>"))
    }

    @Test(arguments: [
        (0.0, 1_000_000.0), (0, 12_345), (0, 7), (2.1, 2.1004), (0.0001, 0.0009), (-5, 5), (1e9, 4e9),
        (1e15, 1e16),
        (3, 3), (1e-9, 2e-9),
    ])
    func axisLabelsAreShortAndDiffer(low: Double, high: Double) {
        let axis = AxisScale(covering: [low, high])
        #expect(axis.labels.count == axis.ticks.count)
        #expect(Set(axis.labels).count == axis.labels.count, "\(axis.labels)")
        #expect(axis.labels.allSatisfy { $0.count <= 8 }, "\(axis.labels)")
        #expect([low, high].allSatisfy { (0...1).contains(axis.position($0)) })
    }

    @Test func largeAndSmallStepsAreWrittenAsPeopleWriteThem() {
        #expect(AxisScale(covering: [0, 1_000_000]).labels == ["0", "0.2M", "0.4M", "0.6M", "0.8M", "1.0M"])
        #expect(AxisScale(covering: [12.5643]).labels == ["12.56"])
        #expect(AxisScale(covering: [0, 2000]).labels == ["0", "500", "1000", "1500", "2000"])
        #expect(AxisScale(covering: [0, 0.4]).labels == ["0", "0.1", "0.2", "0.3", "0.4"])
    }

    @Test func emptyChartsAreNothing() {
        #expect(LineChart.html([], xTitle: "x", yTitle: "y") == "")
        #expect(BarChart.html([.init(name: "a", value: 0, text: "0")]) == "")
        let undefined = LineChart.Series(name: "a", index: 0, points: [.init(x: 1, y: .nan)])
        #expect(LineChart.html([undefined], xTitle: "x", yTitle: "y") == "")
    }

    /// Writes pages to look at in a browser: `REPORT_PAGES=DIRECTORY swift test --filter ReportLayoutTests`.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["REPORT_PAGES"] != nil))
    func pagesToLookAt() throws {
        let directory = URL(filePath: ProcessInfo.processInfo.environment["REPORT_PAGES"] ?? ".")
        for models in [1, 3, 20, 40] {
            let short = report(models: models)
            let long = report(models: models, tasks: 12) { "\(Self.longName) \($0)" }
            for (data, kind) in [(short, "short"), (long, "long")] {
                let url = directory.appending(path: "report-\(models)-\(kind).html")
                try Data(HTMLReport(data).text.utf8).write(to: url)
            }
        }
    }
}
