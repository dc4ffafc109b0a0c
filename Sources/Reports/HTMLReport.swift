import Foundation

/// `report.html`: one file with all it needs, for light and dark screens. Well-formed XML, too.
package struct HTMLReport {
    private let data: ReportData

    package init(_ data: ReportData) { self.data = data }

    package var text: String {
        var body = "<h1>\(data.title.htmlEscaped)</h1>\n"
        if let description = data.description { body += "<p>\(description.htmlEscaped)</p>\n" }
        if !data.scoreTable.isEmpty {
            body += "<h2>Results</h2>\n" + HTMLTable(rows: data.scoreTable).html
            body += "<p class=\"note\">\(data.tableNote.htmlEscaped)</p>\n" + barCharts
        }
        if let sentences = data.study?.sentences, !sentences.isEmpty {
            let items = sentences.map { "<li>\($0.htmlEscaped)</li>" }.joined()
            body += "<h2>Verdict</h2>\n<ul>\(items)</ul>\n"
        }
        body += curves
        body += "<h2>Stages</h2>\n" + HTMLTable(rows: data.stageTable, sentences: [2]).html
        body +=
            "<p class=\"note\">Written by distill \(data.toolVersion.htmlEscaped); seed \(data.seed).</p>\n"
        return HTMLPage(title: data.title, body: body).text
    }

    /// A chart a measured quality: sizes and speeds are in the table.
    private var barCharts: String {
        let scores = data.runs.flatMap(\.models).map(\.scores)
        return ScoreColumn.columns(for: scores).filter { $0.style == .decimal || $0.style == .percent }
            .map { column in
                let bars: [BarChart.Bar]
                if let study = data.study {
                    bars = study.rows.compactMap { row in
                        StudySummary.spread(row.values[column.key] ?? []).map {
                            .init(name: row.name, value: $0.value, text: column.text($0))
                        }
                    }
                } else {
                    bars = scores.compactMap { model in
                        column.value(model).map {
                            .init(name: model.model, value: $0.value, text: column.text($0))
                        }
                    }
                }
                let chart = BarChart.html(bars)
                return chart.isEmpty ? "" : "<h3>\(column.title.htmlEscaped)</h3>\n\(chart)"
            }.joined()
    }

    /// A chart for each quantity measured during training. A training has one colour and dash pattern in all of them.
    private var curves: String {
        let curves = data.runs.flatMap(\.curves)
        var indices: [String: Int] = [:]
        for curve in curves where indices[curve.name] == nil { indices[curve.name] = indices.count }
        return ReportData.Quantity.allCases.map { quantity in
            let series = curves.filter { $0.quantity == quantity }.map {
                LineChart.Series(name: $0.name, index: indices[$0.name] ?? 0, points: $0.points)
            }
            let chart = LineChart.html(series, xTitle: "step", yTitle: quantity.axis)
            return chart.isEmpty ? "" : "<h2>\(quantity.heading)</h2>\n\(chart)"
        }.joined()
    }
}
