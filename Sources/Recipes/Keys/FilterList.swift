import Checkpoints
import Corpora
import Foundation
import RecipeSchema
import Support

/// Filters as the command is given them: a file with a list like that of a recipe's stage, and single ones.
public struct FilterList: Sendable {
    private let filters: [FilterSettings]
    private let directory: URL

    /// Reads and checks filters.
    ///
    /// - Parameters:
    ///   - path: a YAML file: a list of filters, or a mapping with the list under `filters`
    ///   - arguments: filters as one would write them in the list: `exact_duplicates`, or `kind: length, min: 20`
    ///   - directory: where relative paths start
    /// - Throws: `RecipeError` with every problem, or `UserError` if the file cannot be read
    public init(
        file path: String?, arguments: [String] = [],
        directory: URL = URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
    ) throws {
        let context = RecipeContext(directory: directory, checksFiles: true)
        var problems: [UserError] = []
        var filters: [FilterSettings] = []
        func decode(_ value: YAMLValue) {
            filters += KeyType<[FilterSettings]>.list(of: .filter).decode(value, context)?.value ?? []
        }
        if let path {
            let read = try YAMLReader.read(fileAt: URL(filePath: path, relativeTo: directory), named: path)
            problems += read.problems
            decode(Self.list(in: read.value, context.problems))
        }
        for argument in arguments {
            var reader = YAMLReader(origin: "--filter \(argument)", hasLines: false)
            // A mapping's keys without its braces.
            let text = argument.contains(":") && !argument.hasPrefix("{") ? "{\(argument)}" : argument
            do {
                let read = try reader.read(text)
                problems += read.problems
                decode(YAMLValue(location: read.value.location, content: .list([read.value])))
            } catch let error as UserError {
                problems.append(error)
            }
        }
        problems += context.problems.found
        if !problems.isEmpty { throw RecipeError(problems) }
        (self.filters, self.directory) = (filters, directory)
    }

    /// The list itself, or that under the key `filters`.
    private static func list(in value: YAMLValue, _ problems: Problems) -> YAMLValue {
        guard let entries = value.entries else { return value }
        for entry in entries where entry.key != "filters" {
            problems.add(
                "unknown key \"\(entry.key)\"", at: entry.keyLocation,
                hint: "a list of filters, or the key filters with such a list, is expected")
        }
        return value["filters"] ?? YAMLValue(location: value.location, content: .list([]))
    }

    /// The files that records are compared with, as they were named.
    public var referencePaths: [String] { filters.flatMap(\.references).map(\.name) }
    /// Whether a filter runs a model, whose work is worth keeping.
    public var runsModels: Bool { filters.contains { $0.kind.modelPasses > 0 } }

    /// The filters, ready to run.
    ///
    /// - Parameter load: loads the model at a path, as chats are written with it
    /// - Throws: what a filter's options cannot be, which reading them has reported
    public func pipeline(
        loadingModels load: @escaping (URL) throws -> Checkpoint = { try Checkpoint.load($0) }
    ) throws -> FilterPipeline {
        try FilterPipeline(
            filters,
            at: { reference in
                // Of a model that was named as on the hub the path is where it was found.
                guard case .file(let path) = reference.target else {
                    preconditionFailure("there are no stages here")
                }
                return URL(filePath: path, relativeTo: directory)
            }, FilterModels(load))
    }
}

extension FilterPipeline {
    /// - Parameters:
    ///   - url: where the content of a reference is
    ///   - models: loads the models of filters
    init(_ filters: [FilterSettings], at url: (Reference) -> URL, _ models: FilterModels) throws {
        self.init(try filters.map { Step($0.kind.name, try $0.filter(at: url, models)) })
    }
}
