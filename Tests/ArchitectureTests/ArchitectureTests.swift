import Foundation
import TestSupport
import Testing

/// What may import what: the package's table of targets, and one direction between the folders of a target.
@Suite struct ArchitectureTests {
    /// A target may import those named and what they import.
    private static let allowed: [String: Set<String>] = [
        "Support": ["CKernels"],
        "HTTP": ["CCurl"],
        "Hub": ["HTTP", "Support"],
        "Tensors": ["COpenBLAS", "CKernels", "Support"],
        "Jinja": ["Support"],
        "Tokenization": ["CSentencePiece", "Jinja", "Support"],
        "Transformer": ["Tensors"],
        "Checkpoints": ["Transformer", "Tokenization"],
        "Corpora": ["Tokenization", "Support", "SwiftCSV"],
        "Generation": ["Corpora", "Checkpoints", "HTTP"],
        "Signals": ["Generation"],
        "Training": ["Signals"],
        "Selection": ["Training"],
        "DatasetDistillation": ["Training", "Selection"],
        "Pruning": ["Training"],
        "Evaluation": ["Training"],
        "RecipeSchema": ["Support", "Yams"],
        "Reports": ["Evaluation"],
        "Recipes": [
            "Hub", "Selection", "DatasetDistillation", "Pruning", "Evaluation", "Reports", "RecipeSchema",
        ],
        "distill": ["Recipes", "ArgumentParser", "COpenBLAS", "CLaunch"],
        "World": [], "Everyday": [],
        "world-data": ["World", "ArgumentParser"], "everyday-data": ["Everyday"],
    ]

    private static func reachable(from target: String) -> Set<String> {
        (allowed[target] ?? []).reduce(into: []) { $0.formUnion(reachable(from: $1).union([$1])) }
    }

    /// The part of `swift package dump-package` that is read here.
    private struct Manifest: Decodable {
        struct Target: Decodable {
            var name: String
            var type: String
            var path: String?
            var dependencies: [[String: [Name?]]]

            /// The names of targets and products, the first entry of each dependency.
            var names: Set<String> { Set(dependencies.flatMap { $0.values.compactMap { $0.first??.text } }) }
        }

        /// A name, or a condition or option that is not read.
        struct Name: Decodable {
            var text: String?
            init(from decoder: any Decoder) throws {
                text = try? decoder.singleValueContainer().decode(String.self)
            }
        }

        var targets: [Target]
    }

    private static func manifest() throws -> Manifest {
        try withTemporaryDirectory { directory in
            let run = try CommandRun.run(
                URL(filePath: "/usr/bin/env"),
                arguments: [
                    "swift", "package", "--package-path", packageRoot.path, "--scratch-path", directory.path,
                    "dump-package",
                ], timeout: 120)
            #expect(run.status == 0, "\(run.standardError)")
            return try JSONDecoder().decode(Manifest.self, from: Data(run.standardOutput.utf8))
        }
    }

    @Test func targetsDependOnAndImportOnlyWhatTheTableAllows() throws {
        let targets = try Self.manifest().targets.filter {
            ["regular", "executable"].contains($0.type) && !($0.path ?? "").hasPrefix("Tests")
        }
        #expect(targets.count > 15)
        let own = Set(targets.map(\.name)).union(["COpenBLAS", "CCurl", "Yams", "ArgumentParser", "SwiftCSV"])
        for target in targets where !["CKernels", "CSentencePiece", "CLaunch"].contains(target.name) {
            let allowed = Self.reachable(from: target.name)
            #expect(Self.allowed[target.name] != nil, "\(target.name) is not in the table")
            #expect(
                target.names.isSubset(of: allowed), "\(target.name): \(target.names.subtracting(allowed))")
            let directory = packageRoot.appending(path: target.path ?? "Sources/\(target.name)")
            let imports = try SourceTree(target: directory).imports.intersection(own)
            #expect(imports.isSubset(of: allowed), "\(target.name): \(imports.subtracting(allowed))")
            // What is imported but not named is built from whatever lies in the build folder.
            #expect(
                imports.isSubset(of: target.names), "\(target.name): \(imports.subtracting(target.names))")
        }
    }

    @Test func foldersOfATargetFormNoCircle() throws {
        let sources = packageRoot.appending(path: "Sources")
        for name in try FileManager.default.contentsOfDirectory(atPath: sources.path) {
            let tree = try SourceTree(target: sources.appending(path: name))
            let found = circle(in: tree.folderArrows)
            #expect(found == nil, "\(name): \(found!.joined(separator: " → "))")
        }
    }

    @Test func aCircleIsFound() {
        #expect(circle(in: ["a": ["b"], "b": ["c"], "c": ["b"]]) == ["b", "c"])
        #expect(circle(in: ["a": ["b", "c"], "b": ["c"]]) == nil)
    }
}
