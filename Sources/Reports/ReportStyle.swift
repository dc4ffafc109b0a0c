/// The style sheet of `report.html`.
enum ReportStyle {
    /// The six colours are distinguishable with the common forms of colour blindness; series of the same colour differ in dash
    /// pattern. The page is as wide as the widest table, text and charts are narrower.
    static var css: String {
        """

        :root { color-scheme: light dark; --ink: #1c1f24; --paper: #ffffff; --rule: #d5d9e0; --quiet: #5b6370; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e6e9ee; --paper: #14171c; --rule: #353b45; --quiet: #9aa3b0; }
        }
        body { max-width: 74rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif;
          color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }
        p, li, figure, .bars { max-width: 52rem; }
        table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; margin: 0 0 1.5rem; }
        th, td { padding: .3rem .5rem; border-bottom: 1px solid var(--rule); text-align: right; vertical-align: bottom;
          overflow-wrap: normal; }
        td { white-space: nowrap; vertical-align: top; }
        th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal; }
        th.sentence, td.sentence { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 10em; }
        .note, .axis, .plot span, .legend, .value { color: var(--quiet); font-size: 13px; }
        figure { margin: 0 0 1.5rem; }
        .axis { margin: 0 0 .5rem; }
        .axis.x { text-align: center; margin: 0; }
        .plot { position: relative; height: 18rem; margin-bottom: 1.8rem; font-variant-numeric: tabular-nums;
          font-size: 13px; }
        .plot svg { display: block; width: 100%; height: 100%; overflow: visible; }
        .plot span { position: absolute; line-height: 1; white-space: nowrap; }
        .plot .y { right: 100%; transform: translateY(50%); padding-right: .5em; }
        .plot .x { top: 100%; transform: translateX(-50%); padding-top: .5em; }
        .grid { stroke: var(--rule); vector-effect: non-scaling-stroke; }
        polyline { fill: none; stroke-width: 1.8; vector-effect: non-scaling-stroke; }
        polyline.point { stroke-width: 7; stroke-linecap: round; stroke-dasharray: none; }
        .legend { list-style: none; padding: 0; margin: .5rem 0; display: grid; gap: .2rem 1.2rem;
          grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); }
        .legend li { display: grid; grid-template-columns: 40px 1fr; gap: .5em; align-items: start; }
        .legend svg { width: 40px; height: 10px; margin-top: .35em; }
        .bars { display: grid; grid-template-columns: fit-content(40%) 1fr max-content; gap: .35rem .6rem;
          align-items: center; font-size: 14px; line-height: 1.25; margin-bottom: 1.5rem; }
        .name { text-align: right; }
        .track { display: block; height: 1.1em; }
        .bar { display: block; height: 100%; min-width: 1px; background: #3b7dd8; }
        .value { white-space: nowrap; font-variant-numeric: tabular-nums; }

        """ + series + HTMLTable.sizes.map { rowsBelowEachOther(".\($0.0)", narrowerThan: $0.1) }.joined()
    }

    private static let colours = ["#3b7dd8", "#e07b27", "#2a9d76", "#c2519b", "#a08a18", "#5a5fc7"]
    private static let dashes = ["none", "7 3", "2 3", "10 3 2 3"]

    private static var series: String {
        precondition(
            colours.count == LineChart.colours && dashes.count == LineChart.dashes, "a style for each series")
        return colours.enumerated().map { ".c\($0) { stroke: \($1); }\n" }.joined()
            + dashes.enumerated().map { ".d\($0) { stroke-dasharray: \($1); }\n" }.joined()
    }

    /// Rows as blocks, each value behind its heading, on screens without room for a table of that class.
    ///
    /// - Parameter width: in em of the table's type, which is 14 px; margins and a scroll bar take 3 rem
    private static func rowsBelowEachOther(_ table: String, narrowerThan width: Double) -> String {
        let pixels = Int((14 * width).rounded(.up)) + 48
        let inside = ["tbody", "tr", "td"].map { "\(table) \($0)" }.joined(separator: ", ")
        return """
            @media (max-width: \(pixels)px) {
              \(table), \(inside) { display: block; min-width: 0; }
              \(table) thead { display: none; }
              \(table) tr { border-bottom: 1px solid var(--rule); padding: .4rem 0; }
              \(table) td, \(table) td.sentence { border: 0; padding: 0; display: flex; gap: 1em;
                justify-content: space-between; text-align: right; }
              \(table) td:first-child { font-weight: 600; text-align: left; display: block; overflow-wrap: anywhere; }
              \(table) td::before { content: attr(data-label); color: var(--quiet); text-align: left;
                white-space: normal; overflow-wrap: anywhere; }
              \(table) td:first-child::before { content: none; }
            }

            """
    }
}
