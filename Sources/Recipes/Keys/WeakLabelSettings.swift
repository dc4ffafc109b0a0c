import Corpora
import Foundation
import RecipeSchema
import Support

/// Labels and labelling functions: the keys of the stage `weak_labels` that decide the labels, and the file of the command
/// `weak-labels`.
public struct WeakLabelSettings: Sendable, RecipeSection {
    private let labels: [String]
    private let classBalance: [Double]?
    private let functions: [LabelingFunctionSettings]
    private let keep: KeepSettings?

    package init(_ section: Section) {
        labels = section.value(
            "labels", .list(of: .text), example: "[good, bad]", "The labels, two or more.")
        classBalance = section.optional(
            "class_balance", .list(of: .number(NumberLimits(above: 0, upTo: 1))), defaultText: "estimated",
            example: "[0.7, 0.3]", "The fraction of the records of each label; the sum is 1.")
        functions = section.value(
            "functions", .list(of: .section(LabelingFunctionSettings.self)),
            "The labelling functions, three or more.")
        keep = section.optional(
            "keep", .section(KeepSettings.self), defaultText: "all records",
            "Write only records that have a label.")
        check(section)
    }

    private func check(_ section: Section) {
        let problems = section.context.problems
        if let twice = Self.firstRepeated(labels) {
            section.problem(at: "labels", "the label \"\(twice)\" is given twice")
        }
        if labels.count == 1 {
            section.problem(at: "labels", "one label", hint: "two or more are needed, such as [good, bad]")
        }
        if labels.count > LabelMatrix.mostLabels {
            section.problem(
                at: "labels", "\(labels.count) labels", hint: "at most \(LabelMatrix.mostLabels) are possible"
            )
        }
        if let classBalance, section.sound("labels", "class_balance") {
            let sum = classBalance.reduce(0, +)
            if classBalance.count != labels.count {
                section.problem(
                    at: "class_balance", "\(classBalance.count) fractions for \(labels.count) labels")
            } else if abs(sum - 1) > 1e-3 {
                section.problem(at: "class_balance", "the sum is \(sum), not 1")
            }
        }
        guard section.sound("labels", "functions", "keep") else { return }
        if functions.count < WeakLabeling.fewestFunctions {
            section.problem(
                at: "functions", "\(functions.count) labelling functions",
                hint:
                    "at least \(WeakLabeling.fewestFunctions) are needed: the agreement of two does not tell which is right"
            )
        }
        var names: Set<String> = []
        for function in functions where !names.insert(function.name).inserted {
            problems.add("a second function named \"\(function.name)\"", at: function.location)
        }
        let uses = functions.flatMap(\.labelUses) + (keep?.labelUse.map { [$0] } ?? [])
        for use in uses where !labels.contains(use.name) {
            problems.add(
                "\"\(use.name)\" is not one of the labels", at: use.location,
                hint: suggestion(for: use.name, among: labels))
        }
    }

    private static func firstRepeated(_ names: [String]) -> String? {
        var seen: Set<String> = []
        return names.first { !seen.insert($0).inserted }
    }

    /// The files that filters compare records with.
    var references: [Reference] { functions.flatMap(\.references) }
    /// Number of functions.
    var functionCount: Int { functions.count }
    /// Memory that is needed for each record: the functions' filters, and the record's votes.
    var bytesPerRecord: Double { functions.reduce(8) { $0 + $1.bytesPerRecord } }
    /// The names of the labels.
    var labelNames: [String] { labels }

    /// What labels a corpus.
    ///
    /// - Parameter url: where the content of a reference is
    /// - Throws: `FilterOptionFault`, which reading the section has reported
    func labeling(_ url: (Reference) -> URL) throws -> WeakLabeling {
        let sum = classBalance?.reduce(0, +) ?? 1
        return WeakLabeling(
            labels: labels, functions: try functions.map { try $0.function(labels: labels, url) },
            classBalance: classBalance?.map { $0 / sum },
            keeping: keep.map {
                .init(
                    label: $0.labelUse.flatMap { labels.firstIndex(of: $0.name) }, probability: $0.probability
                )
            })
    }
}

/// The key `keep`.
private struct KeepSettings: Sendable, RecipeSection {
    let labelUse: LabelingFunctionSettings.LabelUse?
    let probability: Double

    init(_ section: Section) {
        let name = section.optional("label", .text, defaultText: "any", "Only records with this label.")
        labelUse = name.map { .init(name: $0, location: section.location(of: "label")) }
        probability = section.value(
            "probability", .number(.fraction), default: 0,
            "Only records whose label has at least this probability.")
    }
}

extension WeakLabelSettings {
    /// Reads and checks a YAML file with the keys `labels`, `functions`, `class_balance` and `keep`.
    ///
    /// - Parameters:
    ///   - path: the file
    ///   - directory: where relative paths start
    /// - Throws: `RecipeError` with every problem, or `UserError` if the file cannot be read
    public init(
        file path: String,
        directory: URL = URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
    ) throws {
        let context = RecipeContext(directory: directory, checksFiles: true)
        let read = try YAMLReader.read(fileAt: URL(filePath: path, relativeTo: directory), named: path)
        let section = Section(read.value, context: context)
        self.init(section)
        section.finish()
        let problems = read.problems + context.problems.found
        if !problems.isEmpty { throw RecipeError(problems) }
    }

    /// The files that records are compared with, as they were named.
    public var referencePaths: [String] { references.map(\.name) }

    /// What labels a corpus.
    ///
    /// - Parameter directory: where relative paths start
    /// - Throws: what a filter's options cannot be, which reading them has reported
    public func labeling(
        directory: URL = URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
    ) throws -> WeakLabeling {
        try labeling { URL(filePath: $0.name, relativeTo: directory) }
    }
}
