import Corpora
import Foundation
import Hub
import RecipeSchema
import Support

extension KeyType<Reference> {
    /// A file or an artifact of one of the kinds. `teacher` refers to the recipe's teacher where a model or a
    /// tokenizer is expected.
    ///
    /// - Parameters:
    ///   - use: What a file must hold; by default that of the first kind.
    ///   - allowsEndpoints: Whether a model behind an API will do.
    static func reference(
        to kinds: ArtifactKind..., as use: FileUse? = nil, allowsEndpoints: Bool = false
    ) -> Self {
        let wanted = kinds[0]
        let use = use ?? FileUse(wanted)
        let summary =
            switch wanted {
            case .signals, .sequences: "the name of \(wanted.phrase)"
            case .checkpoint, .tokenizer:
                "\(wanted.phrase): a path, a name on the Hugging Face hub, or the name of a stage's output"
            default: "\(wanted.phrase): a path or the name of a stage's output"
            }
        return Self(
            summary: summary,
            placeholder: { .placeholder }, fileContent: use.rawValue,
            decode: { yaml, context in
                guard case .scalar(let text, _) = yaml.content, !text.isEmpty else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location, hint: "expected: \(summary)")
                    return nil
                }
                let resolver = ReferenceResolver(
                    wanted: kinds, use: use, allowsEndpoints: allowsEndpoints, text: text,
                    location: yaml.location, context: context)
                return resolver.resolve().map { ($0, context.canonical(of: $0)) }
            }, canonical: CanonicalValue.input)
    }
}

/// Resolves a name in a recipe.
private struct ReferenceResolver {
    let wanted: [ArtifactKind]
    let use: FileUse
    let allowsEndpoints: Bool
    let text: String
    let location: SourceLocation
    let context: RecipeContext

    func resolve() -> Reference? {
        if context.endpoints[text] != nil { return endpoint(text) }
        if text == "teacher", let teacher = context.teacherEndpoint { return endpoint(teacher.name) }
        if let artifact = context.artifact(named: text) {
            guard wanted.contains(artifact.kind) else {
                report("\"\(text)\" is \(artifact.kind.phrase)", hint: "\(wanted[0].phrase) is needed here")
                return nil
            }
            if use == .questions {
                report(
                    "\"\(text)\" is a corpus, which has no answers to compare with",
                    hint: "a file of questions is needed here, each with its \"answers\"")
                return nil
            }
            if use == .documents {
                report(
                    "\"\(text)\" is a corpus, not a document", hint: "\(DocumentChunks.summary) are read here"
                )
                return nil
            }
            return Reference(name: text, target: artifact.target, location: location)
        }
        if text == "teacher", wanted.contains(.checkpoint) || wanted.contains(.tokenizer) {
            guard let teacher = context.teacher else {
                report("the recipe has no teacher", hint: "name one with the key \"teacher\" at the top")
                return nil
            }
            return Reference(name: text, target: teacher.target, location: location)
        }
        return fileReference()
    }

    /// An endpoint where it will do: it has neither weights nor a tokenizer.
    private func endpoint(_ name: String) -> Reference? {
        guard allowsEndpoints else {
            report(
                "\"\(name)\" is a model behind an API, without weights or a tokenizer to read",
                hint:
                    "\(wanted[0].phrase) on disk is needed here; an endpoint can answer prompts in a stage generate"
            )
            return nil
        }
        return Reference(name: text, target: .endpoint(name), location: location)
    }

    private func fileReference() -> Reference? {
        let reference = Reference(name: text, target: .file(text), location: location)
        guard context.checksFiles else {
            // Without files to look at, a bare word can only be meant as an output.
            if looksLikePath { return reference }
            reportUnknownName()
            return nil
        }
        do {
            switch try locate() {
            case .path(let url): return checked(reference, url)
            case .cached(let url):
                // The commit is part of the path: stages run again when a branch has moved.
                return checked(Reference(name: text, target: .file(url.path), location: location), url)
            case .missing(let name): reportMissingModel(name)
            case .absent:
                let url = URL(filePath: text, relativeTo: context.directory)
                if wanted[0] == .corpus, CorpusFiles.isPattern(text) { return checked(reference, url) }
                looksLikePath ? reportMissingFile(url) : reportUnknownName()
            }
        } catch {
            context.problems.add("\(error)", at: location, status: (error as? UserError)?.status ?? .noInput)
        }
        return nil
    }

    /// Where the file is. Models and tokenizers are named as on the hub, too.
    private func locate() throws -> ModelLocator.Location {
        if wanted.contains(.checkpoint) || wanted.contains(.tokenizer) {
            return try context.locator.find(text, relativeTo: context.directory)
        }
        let url = URL(filePath: text, relativeTo: context.directory)
        return try FileManager.default.exists(at: url) ? .path(url) : .absent
    }

    /// The reference, if the file, the directory or what a pattern matches can be used.
    private func checked(_ reference: Reference, _ url: URL) -> Reference? {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
        if isDirectory.boolValue, wanted[0] == .corpus, use != .documents,
            (try? CorpusFiles(at: url).files.isEmpty) == true
        {
            report("\(text) holds no corpus", hint: "\(CorpusFiles.summary) are read")
            return nil
        }
        guard let problem = context.files.problem(with: url, as: use) else { return reference }
        // A file's own place and problem, at the place of the key that names it.
        let inner = UserError(
            problem.problem, file: problem.file, line: problem.line, column: problem.column)
        context.problems.add(
            "\(inner)", at: location, hint: problem.hint ?? "\(use.phrase) is needed here",
            status: problem.status)
        return nil
    }

    private var looksLikePath: Bool {
        text.contains("/") || text.contains(".") || text.hasPrefix(HubReference.prefix)
    }

    private func reportUnknownName() {
        var names = context.artifacts.filter { wanted.contains($0.kind) }.map(\.name)
        if wanted.contains(.checkpoint), context.teacher != nil { names.append("teacher") }
        report(
            "no earlier stage makes \"\(text)\", and no file has that name",
            hint: suggestion(for: text, among: names))
    }

    private func reportMissingFile(_ url: URL) {
        context.problems.add(
            "no such file: \(text)", at: location,
            hint: ModelLocator.absence(of: text, .absent, similar: neighbour(of: url)).hint, status: .noInput)
    }

    private func reportMissingModel(_ name: HubReference) {
        let url = URL(filePath: text, relativeTo: context.directory)
        let problem = ModelLocator.absence(of: text, .missing(name), similar: neighbour(of: url))
        context.problems.add(
            "\(text): \(problem.problem)", at: location, hint: problem.hint, status: problem.status)
        if (try? context.locator.mayDownload(text, relativeTo: context.directory)) == true {
            context.addMissing(name)
        }
    }

    /// A file beside a missing one whose name is like it.
    private func neighbour(of url: URL) -> String? {
        let folder = url.deletingLastPathComponent()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return nearest(to: url.lastPathComponent, among: names.sorted())
    }

    private func report(_ problem: String, hint: String?) {
        context.problems.add(problem, at: location, hint: hint)
    }
}
