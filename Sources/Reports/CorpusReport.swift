import Corpora
import Foundation

/// What a corpus is like, as tables for the terminal and as a page.
public struct CorpusReport {
    private let name: String
    private let statistics: CorpusStatistics

    /// - Parameters:
    ///   - statistics: of the corpus
    ///   - name: the corpus's, for the heading
    public init(_ statistics: CorpusStatistics, name: String) {
        self.statistics = statistics
        self.name = name
    }

    /// Names and values.
    public var rows: [[String]] {
        let found = statistics
        var rows = [["records", "\(found.records)"]]
        if found.chats > 0 {
            rows += [
                ["chats", "\(found.chats)"],
                ["with a system turn", part(found.systemChats, of: found.chats)],
                ["without an answer", part(found.unansweredChats, of: found.chats)],
            ]
        }
        if found.texts > 0 { rows.append(["texts", "\(found.texts)"]) }
        rows += [["duplicate records", part(found.duplicateRecords, of: found.records)]]
        if found.chats > 0 {
            rows += [
                ["duplicate prompts", part(found.duplicatePrompts, of: found.chats)],
                ["duplicate answers", part(found.duplicateAnswers, of: found.answerCharacters.count)],
            ]
        }
        rows += [
            ["words", "\(found.words)"], ["different words", "\(found.distinctWords)"],
            ["distinct-2", String(format: "%.3f", found.distinctPairs)],
        ]
        if let vocabulary = found.vocabulary {
            rows.append(["pieces used", part(vocabulary.used, of: vocabulary.size)])
        }
        return rows
    }

    /// Quantiles of the lengths of turns, prompts, answers and texts; the first row is the heading.
    public var lengthTable: [[String]] {
        [["length of", "count", "least", "5%", "median", "95%", "greatest", "total"]]
            + lengths.map { title, lengths in
                [title, "\(lengths.count)"] + lengths.quantiles([0, 0.05, 0.5, 0.95, 1]).map(String.init)
                    + ["\(lengths.total)"]
            }
    }

    /// The distributions that are not empty, with their titles.
    private var lengths: [(title: String, lengths: LengthDistribution)] {
        let found = statistics
        var lengths = [
            ("chats (user turns)", found.turns), ("prompts (characters)", found.promptCharacters),
            ("answers (characters)", found.answerCharacters), ("texts (characters)", found.textCharacters),
        ]
        if let tokens = found.tokens { lengths.append(("records (tokens)", tokens)) }
        if let tokens = found.answerTokens { lengths.append(("answers (tokens)", tokens)) }
        return lengths.filter { $0.1.count > 0 }
    }

    /// The histogram of what is learned from: answers, or texts where there are more of them; in tokens where they are counted.
    public var histogram: (title: String, bins: [LengthDistribution.Bin])? {
        let wanted = statistics.texts > statistics.answerCharacters.count ? "texts" : "answers"
        let found = lengths.last { $0.title.hasPrefix(wanted) } ?? lengths.last
        return found.map { ($0.title, $0.lengths.histogram) }
    }

    /// The most frequent openings, phrases and answers, with headings; those without repetition are left out.
    public var frequent: [(title: String, texts: [FrequentText])] {
        [
            ("Openings of answers", statistics.openings), ("Phrases of five words", statistics.phrases),
            ("Repeated answers", statistics.answers),
        ].filter { !$0.1.isEmpty }
    }

    /// The messages of the examples, as role and content; a text has no role.
    public var examples: [[(role: String, content: String)]] {
        statistics.examples.map { record in
            switch record {
            case .text(let text): [("", text)]
            case .chat(let messages, _): messages.map { ($0.role.rawValue, $0.content) }
            }
        }
    }

    /// The page.
    public var html: String {
        var body = "<h1>\(name.htmlEscaped)</h1>\n" + HTMLTable(rows: [["corpus", ""]] + rows).html
        body += "<h2>Lengths</h2>\n" + HTMLTable(rows: lengthTable).html
        for (title, lengths) in lengths {
            let bars = lengths.histogram.map {
                BarChart.Bar(
                    name: $0.from == $0.to ? "\($0.from)" : "\($0.from)–\($0.to)", value: Double($0.count),
                    text: "\($0.count)")
            }
            body += "<h3>\(title.htmlEscaped)</h3>\n" + BarChart.html(bars)
        }
        for (title, texts) in frequent {
            let rows = [["occurrences", "text"]] + texts.map { ["\($0.count)", $0.text] }
            body += "<h2>\(title)</h2>\n" + HTMLTable(rows: rows, sentences: [1]).html
        }
        if !examples.isEmpty { body += "<h2>Examples, drawn at random</h2>\n" }
        for messages in examples {
            let items = messages.map { role, content in
                let text = content.htmlEscaped.replacing("\n", with: "<br/>")
                return role.isEmpty ? "<p>\(text)</p>" : "<p><b>\(role)</b>: \(text)</p>"
            }
            body += "<section>\(items.joined(separator: "\n"))</section>\n<hr/>\n"
        }
        return HTMLPage(title: name, body: body).text
    }

    private func part(_ count: Int, of total: Int) -> String {
        count == 0 || total == 0
            ? "\(count)" : "\(count) (\(String(format: "%.1f", 100 * Double(count) / Double(total)))%)"
    }
}
