import Foundation

/// `report.html`: one file with all it needs, for light and dark screens. Well-formed XML, too.
struct HTMLReport {
    private let data: ReportData

    init(_ data: ReportData) { self.data = data }

    var text: String {
        var body = "<h1>\(data.title.htmlEscaped)</h1>\n"
        if let description = data.description { body += "<p>\(description.htmlEscaped)</p>\n" }
        if !data.scoreTable.isEmpty {
            body +=
                "<h2>Results</h2>\n" + table(data.scoreTable) + "<p class=\"note\">\(data.tableNote)</p>\n"
            body += barCharts
        }
        if let sentences = data.study?.sentences, !sentences.isEmpty {
            let items = sentences.map { "<li>\($0.htmlEscaped)</li>" }.joined()
            body += "<h2>Verdict</h2>\n<ul>\(items)</ul>\n"
        }
        let curves = data.runs.flatMap(\.curves)
        if !curves.isEmpty {
            body += "<h2>Training loss</h2>\n" + SVGChart.lines(curves, xTitle: "step", yTitle: "loss")
        }
        body += "<h2>Stages</h2>\n" + table(data.stageTable)
        body +=
            "<p class=\"note\">Written by distill \(data.toolVersion.htmlEscaped); seed \(data.seed).</p>\n"
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <title>\(data.title.htmlEscaped)</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            \(body)</body>
            </html>

            """
    }

    /// A chart a measured quality: sizes and speeds are in the table.
    private var barCharts: String {
        let scores = data.runs.flatMap(\.models).map(\.scores)
        return ScoreColumn.columns(for: scores).filter { $0.style == .decimal || $0.style == .percent }
            .map { column in
                let bars: [(name: String, value: Double, text: String)]
                if let study = data.study {
                    bars = study.rows.compactMap { row in
                        StudySummary.spread(row.values[column.key] ?? []).map {
                            (row.name, $0.value, column.text($0))
                        }
                    }
                } else {
                    bars = scores.compactMap { model in
                        column.value(model).map { (model.model, $0.value, column.text($0)) }
                    }
                }
                let chart = SVGChart.bars(bars, title: column.title)
                return chart.isEmpty ? "" : "<h3>\(column.title.htmlEscaped)</h3>\n\(chart)"
            }.joined()
    }

    private func table(_ rows: [[String]]) -> String {
        guard let header = rows.first else { return "" }
        let head = header.map { "<th>\($0.htmlEscaped)</th>" }.joined()
        let lines = rows.dropFirst().map { row in
            "<tr>\(row.map { "<td>\($0.htmlEscaped)</td>" }.joined())</tr>\n"
        }
        return
            "<div class=\"wide\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(lines.joined())</tbody>\n</table></div>\n"
    }

    /// The six colours keep apart for people with the common forms of colour blindness.
    private static let style = """

        :root { color-scheme: light dark; --ink: #1c1f24; --paper: #ffffff; --rule: #d5d9e0; --quiet: #5b6370; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e6e9ee; --paper: #14171c; --rule: #353b45; --quiet: #9aa3b0; }
        }
        body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif;
          color: var(--ink); background: var(--paper); }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
        th:first-child, td:first-child { text-align: left; padding-left: 0; }
        .note, svg text { color: var(--quiet); fill: var(--quiet); font-size: 13px; }
        svg { width: 100%; height: auto; }
        .grid { stroke: var(--rule); }
        .bar { fill: #3b7dd8; }
        polyline { fill: none; stroke-width: 1.6; }
        .legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
        .legend span { display: inline-block; width: .8em; height: .8em; margin-right: .4em; }
        .s0 { stroke: #3b7dd8; background: #3b7dd8; } .s1 { stroke: #e07b27; background: #e07b27; }
        .s2 { stroke: #2a9d76; background: #2a9d76; } .s3 { stroke: #c2519b; background: #c2519b; }
        .s4 { stroke: #a08a18; background: #a08a18; } .s5 { stroke: #5a5fc7; background: #5a5fc7; }

        """
}
