import Corpora
import Foundation
import Support

/// The card of a dataset: `README.md` with metadata in YAML, as the Hugging Face hub reads it (huggingface.co/docs/hub/datasets-cards).
public struct DatasetCard: Sendable {
    /// What the author of a dataset says about it.
    public struct Description: Sendable {
        /// The heading.
        public var title: String
        /// What it is for.
        public var text: String?
        /// An SPDX identifier or a name of the hub, such as `apache-2.0`.
        public var licence: String?
        /// ISO 639-1 codes, such as `en`.
        public var languages: [String]
        /// Further tags.
        public var tags: [String]

        /// What the author says.
        public init(title: String, text: String?, licence: String?, languages: [String], tags: [String]) {
            self.title = title
            self.text = text
            self.licence = licence
            self.languages = languages
            self.tags = tags
        }
    }

    private let description: Description
    private let columns: DatasetColumns
    private let splits: [DatasetDirectory.SplitFacts]
    private let filters: FilterReport?

    /// - Parameters:
    ///   - description: what the author says
    ///   - columns: of all splits
    ///   - splits: what was written
    ///   - filters: what was removed before; nil if nothing was filtered
    public init(
        _ description: Description, columns: DatasetColumns, splits: [DatasetDirectory.SplitFacts],
        filters: FilterReport?
    ) {
        self.description = description
        self.columns = columns
        self.splits = splits
        self.filters = filters
    }

    /// The file.
    public var text: String {
        var parts = ["---\n\(metadata)---", "# \(description.title.markdownEscaped)"]
        if let text = description.text { parts.append(text) }
        parts += ["## Splits", MarkdownTable.text(splitRows)]
        parts.append(
            "Lengths are in characters\(splits.contains { $0.statistics.tokens != nil } ? "; tokens are those of the contents" : ""). `load_dataset` with this directory opens them; `meta` is JSON in a text."
        )
        let origins = originRows
        if origins.count > 1 { parts += ["## Origin", MarkdownTable.text(origins)] }
        if let filters, !filters.filters.isEmpty {
            parts += ["## Filters", filters.summary + ".", MarkdownTable.text(filterRows(filters))]
            let examples = filters.filters.flatMap { filter in
                filter.examples.prefix(2).map { "- \(filter.kind): \($0.reason.markdownEscaped)" }
            }
            if !examples.isEmpty { parts += ["For example:", examples.joined(separator: "\n")] }
        }
        let drawn = splits.first?.statistics.examples ?? []
        if !drawn.isEmpty {
            parts += ["## Examples", "Drawn at random from \(splits[0].name)."] + drawn.map(example)
        }
        parts.append("Written by swift-distill.")
        return parts.joined(separator: "\n\n") + "\n"
    }

    // MARK: Metadata

    /// YAML; texts are written as JSON, which YAML contains.
    private var metadata: String {
        func quoted(_ text: String) -> String { OrderedJSON.string(text).text }
        func list(_ values: [String]) -> String { "[" + values.map(quoted).joined(separator: ", ") + "]" }
        let records = splits.reduce(0) { $0 + $1.statistics.records }
        var yaml = "pretty_name: \(quoted(description.title))\n"
        if let licence = description.licence { yaml += "license: \(quoted(licence))\n" }
        if !description.languages.isEmpty { yaml += "language: \(list(description.languages))\n" }
        yaml +=
            "task_categories: [text-generation]\ntags: \(list(["synthetic", "distillation"] + description.tags))\n"
        yaml += "dataset_info:\n  features:\n" + Self.features(columns.features, indent: "  ")
        yaml += "size_categories: [\(Self.size(records))]\nconfigs:\n- config_name: default\n  data_files:\n"
        for split in splits { yaml += "  - split: \(split.name)\n    path: \(split.name).jsonl\n" }
        return yaml
    }

    /// Types of columns, as `Features` of Hugging Face datasets reads them.
    private static func features(_ features: [DatasetColumns.Feature], indent: String) -> String {
        features.map { feature in
            let name = "\(indent)- name: \(feature.name)\n\(indent)  "
            switch feature.type {
            case .value(let type): return name + "dtype: \(type)\n"
            case .listOfJSON: return name + "list: json\n"
            case .list(let keys): return name + "list:\n" + Self.features(keys, indent: indent + "  ")
            }
        }.joined()
    }

    /// The hub's names of sizes.
    private static func size(_ records: Int) -> String {
        let bounds = [
            (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
        ]
        return bounds.first { records < $0.0 }?.1 ?? (records < 10_000_000 ? "1M<n<10M" : "10M<n<100M")
    }

    // MARK: Tables

    private var splitRows: [[String]] {
        let hasTokens = splits.contains { $0.statistics.tokens != nil }
        let heading = ["split", "records", "bytes"] + (hasTokens ? ["tokens"] : [])
        return [heading + ["median prompt", "median answer", "distinct-2", "duplicate answers"]]
            + splits.map { split in
                let found = split.statistics
                return [split.name, "\(found.records)", "\(split.bytes)"]
                    + (hasTokens ? ["\(found.tokens?.total ?? 0)"] : [])
                    + [
                        "\(found.promptCharacters.quantile(0.5))",
                        "\(found.chats > 0 ? found.answerCharacters.quantile(0.5) : found.textCharacters.quantile(0.5))",
                        String(format: "%.3f", found.distinctPairs), "\(found.duplicateAnswers)",
                    ]
            }
    }

    private var originRows: [[String]] {
        var rows = [["", "", "records"]]
        for (key, heading) in OriginCounts.keys {
            var sums: [String: Int] = [:]
            for split in splits {
                for (value, count) in split.origins.values(of: key) { sums[value, default: 0] += count }
            }
            rows += sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                [heading, $0.key, "\($0.value)"]
            }
        }
        return rows
    }

    private func filterRows(_ report: FilterReport) -> [[String]] {
        [["filter", "examined", "removed", "fraction"]]
            + report.filters.map {
                [$0.kind, "\($0.examined)", "\($0.removed)", String(format: "%.1f%%", 100 * $0.fraction)]
            }
    }

    private func example(_ record: CorpusRecord) -> String {
        let lines: [String] =
            switch record {
            case .text(let text): [text]
            case .chat(let messages, _): messages.map { "\($0.role.rawValue): \($0.content)" }
            }
        // A fence longer than any run of backquotes in it.
        let body = lines.joined(separator: "\n\n")
        let longest = body.split { $0 != "`" }.map(\.count).max() ?? 0
        let fence = String(repeating: "`", count: max(3, longest + 1))
        return "\(fence)text\n\(body)\n\(fence)"
    }
}
