import Corpora
import Foundation
import Support

/// What a stage can make, or a file can be.
enum ArtefactKind: String, Codable, Sendable {
    case corpus, sequences, signals, checkpoint, tokenizer, evaluation

    /// For messages: "a corpus".
    var phrase: String {
        switch self {
        case .corpus: "a corpus"
        case .sequences: "a set of learned sequences"
        case .signals: "a signal cache"
        case .checkpoint: "a model"
        case .tokenizer: "a tokenizer"
        case .evaluation: "an evaluation"
        }
    }
}

/// Something an earlier stage makes, under the name its `to` gives.
struct Artefact: Sendable {
    var name: String
    var kind: ArtefactKind
    /// The stage's index in the recipe.
    var stage: Int
    var stageKind: Stage.Kind
    /// Whether it is the second thing that its stage makes.
    var isSecond = false

    var target: Reference.Target { isSecond ? .second(stage) : .stage(stage) }
}

/// A file, or the artefact of an earlier stage, as a recipe names it.
public struct Reference: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        /// A path, relative to the directory the command runs in unless absolute.
        case file(String)
        /// What the stage of this index makes.
        case stage(Int)
        /// The second thing that the stage of this index makes.
        case second(Int)
    }

    /// What the recipe says: for tables and messages.
    public let name: String
    public let target: Target
    let place: SourceLocation

    /// Stands in for a reference whose mistake has been reported.
    static let placeholder = Reference(name: "", target: .file(""), place: SourceLocation(origin: ""))
}

extension KeyType where Value == Reference {
    /// A file or an artefact of one of the kinds. `teacher` stands for the recipe's teacher where a model or a
    /// tokenizer is wanted.
    ///
    /// - Parameter use: What a file must hold; by default what the first kind says.
    static func reference(to kinds: ArtefactKind..., as use: FileUse? = nil) -> KeyType {
        let wanted = kinds[0]
        let use = use ?? FileUse(wanted)
        let summary =
            wanted == .signals || wanted == .sequences
            ? "the name of \(wanted.phrase)" : "\(wanted.phrase): a path or an artefact's name"
        return KeyType(
            summary: summary,
            placeholder: { .placeholder }, use: use,
            decode: { yaml, decoding in
                guard case .scalar(let text, _) = yaml.content, !text.isEmpty else {
                    decoding.problems.add(
                        "found \(yaml.kindName)", at: yaml.place, hint: "expected: \(summary)")
                    return nil
                }
                let resolver = ReferenceResolver(
                    wanted: kinds, use: use, text: text, place: yaml.place, decoding: decoding)
                return resolver.resolve().map { ($0, .reference($0)) }
            }, setting: CanonicalValue.reference)
    }
}

/// Decides what a name in a recipe stands for.
private struct ReferenceResolver {
    let wanted: [ArtefactKind]
    let use: FileUse
    let text: String
    let place: SourceLocation
    let decoding: Decoding

    func resolve() -> Reference? {
        if let artefact = decoding.artefact(named: text) {
            guard wanted.contains(artefact.kind) else {
                report("\"\(text)\" is \(artefact.kind.phrase)", hint: "\(wanted[0].phrase) is needed here")
                return nil
            }
            if use == .questions {
                report(
                    "\"\(text)\" is a corpus, which has no answers to compare with",
                    hint: "a file of questions is needed here, each with its \"answers\"")
                return nil
            }
            return Reference(name: text, target: artefact.target, place: place)
        }
        if text == "teacher", wanted.contains(.checkpoint) || wanted.contains(.tokenizer) {
            guard let teacher = decoding.teacher else {
                report("the recipe has no teacher", hint: "name one with the key \"teacher\" at the top")
                return nil
            }
            return Reference(name: text, target: teacher.target, place: place)
        }
        return fileReference()
    }

    private func fileReference() -> Reference? {
        let reference = Reference(name: text, target: .file(text), place: place)
        guard decoding.checksFiles else {
            // Without files to look at, a bare word can only be meant as an artefact.
            if looksLikePath { return reference }
            reportUnknownName()
            return nil
        }
        var isDirectory: ObjCBool = false
        let url = URL(filePath: text, relativeTo: decoding.directory)
        do {
            _ = try FileManager.default.exists(at: url)
        } catch {
            decoding.problems.add("\(error)", at: place, status: (error as? UserError)?.status ?? .noInput)
            return nil
        }
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            if wanted[0] == .corpus, CorpusFiles.isPattern(text) { return checked(reference, url) }
            looksLikePath ? reportMissingFile(url) : reportUnknownName()
            return nil
        }
        if isDirectory.boolValue, wanted[0] == .corpus, (try? CorpusFiles(at: url).files.isEmpty) == true {
            report("\(text) holds no corpus", hint: "\(CorpusFiles.summary) are read")
            return nil
        }
        return checked(reference, url)
    }

    /// The reference, if the file, the directory or what a pattern matches can be used.
    private func checked(_ reference: Reference, _ url: URL) -> Reference? {
        guard let problem = decoding.files.problem(with: url, as: use) else { return reference }
        // A file's own place and problem, at the place of the key that names it.
        let inner = UserError(
            problem.problem, file: problem.file, line: problem.line, column: problem.column)
        decoding.problems.add(
            "\(inner)", at: place, hint: problem.hint ?? "\(use.phrase) is needed here",
            status: problem.status)
        return nil
    }

    private var looksLikePath: Bool { text.contains("/") || text.contains(".") }

    private func reportUnknownName() {
        var names = decoding.artefacts.filter { wanted.contains($0.kind) }.map(\.name)
        if wanted.contains(.checkpoint), decoding.teacher != nil { names.append("teacher") }
        report(
            "no earlier stage makes \"\(text)\", and no file has that name",
            hint: suggestion(for: text, among: names))
    }

    private func reportMissingFile(_ url: URL) {
        let folder = url.deletingLastPathComponent()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let near = nearest(to: url.lastPathComponent, among: names.sorted())
        decoding.problems.add(
            "no such file: \(text)", at: place, hint: near.map { "did you mean \"\($0)\"?" },
            status: .noInput)
    }

    private func report(_ problem: String, hint: String?) {
        decoding.problems.add(problem, at: place, hint: hint)
    }
}
