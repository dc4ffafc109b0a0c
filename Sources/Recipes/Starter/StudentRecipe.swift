import Foundation
import Hub
import RecipeSchema
import Reports
import Support

/// A recipe for a given teacher and text: what `distill init --teacher MODEL --data TEXT` writes.
///
/// The student is pruned from the teacher; its size, its vocabulary, the length of sequences and of training are derived from
/// the teacher, the text and this machine. The recipe is valid for the files as they are.
public struct StudentRecipe: Sendable {
    /// Paths as they are given, which start from `directory`.
    public var teacher: String
    /// Text to train on.
    public var data: [String]
    /// Text that is measured on and not trained on.
    public var heldOut: [String]
    /// Where relative paths start.
    public var directory: URL
    /// Memory that the student is planned for.
    public var memoryBytes = Double(MemoryLimit.resident.bytes)

    /// The time that training and labelling are planned for, each.
    var plannedSeconds = 2.0 * 3600

    /// Operations a second that both reach on two cores.
    private static let operations = 70e9
    /// Training is planned to read the text this often, within the time.
    private static let passes = 4.0
    private static let newTokens = 96
    private static let records = 200

    /// A recipe for a teacher and text, which are read when the recipe is generated.
    public init(teacher: String, data: [String], heldOut: [String] = [], directory: URL) {
        self.teacher = teacher
        self.data = data
        self.heldOut = heldOut
        // Relative paths start from a directory only if its URL says that it is one.
        self.directory = URL(filePath: directory.path, directoryHint: .isDirectory)
    }

    /// The recipe's text, with the planner's estimates.
    ///
    /// - Parameters:
    ///   - path: The recipe's file, for messages.
    ///   - cost: What the estimates follow from.
    /// - Throws: `UserError` or `RecipeError` if the teacher or the text cannot be used.
    public func text(forFileNamed path: String, cost: CostModel) throws -> String {
        func url(_ path: String) -> URL { URL(filePath: path, relativeTo: directory) }
        let facts = try TeacherFacts(teacherURL())
        let corpus = try CorpusFacts(data.map(url), facts)
        let stem = url(path).deletingPathExtension().lastPathComponent
        let draft = Draft(self, facts, corpus, name: RecipeName.from(stem))
        // The draft is planned as it will be run: a recipe that is not valid is never written.
        var reader = YAMLReader(origin: path)
        let read = try reader.read(draft.body)
        let file: RecipeFile
        do {
            file = try RecipeFile(
                tree: read.value, path: path, overrides: [], directory: directory, checksFiles: true,
                problems: read.problems)
        } catch let error as RecipeError {
            // Line numbers are meaningless for a file that is not written.
            throw RecipeError(
                error.problems.map { UserError($0.problem, hint: $0.hint, status: $0.status) })
        }
        let plan = try Plan(file)
        return draft.header(
            path: path, estimates: plan.stages.map(\.label), cost.estimates(of: plan),
            machine: cost == .usual ? "on two cores" : "on this machine")
            + draft.body
    }

    private func teacherURL() throws -> URL {
        switch try ModelLocator().find(teacher, relativeTo: directory) {
        case .path(let url), .cached(let url): return url
        case .absent: return URL(filePath: teacher, relativeTo: directory)
        case .missing(let reference): throw ModelLocator.absence(of: teacher, .missing(reference))
        }
    }

    /// The recipe and what explains it.
    private struct Draft {
        let recipe: StudentRecipe
        let facts: TeacherFacts
        let corpus: CorpusFacts
        let name: String
        let size: StudentSize
        let context, sequences: Int
        /// Length of training, and of the text that is labelled.
        let tokens: Int
        /// The part of the text that is labelled and trained on; `nil` is all.
        let part: Double?

        init(_ recipe: StudentRecipe, _ facts: TeacherFacts, _ corpus: CorpusFacts, name: String) {
            self.recipe = recipe
            self.facts = facts
            self.corpus = corpus
            self.name = name
            size = StudentSize(of: facts, corpus: corpus, memoryBytes: recipe.memoryBytes)
            let answers = corpus.kind == .prompts ? newTokens : 0
            let length = corpus.usualLength + answers
            let most = min(512, facts.shape.contextLength)
            let context = [64, 128, 256, 512].first { $0 >= min(length, most) && $0 <= most } ?? most
            let text = corpus.tokens + Double(answers * corpus.records)
            let affordable = min(
                operations * recipe.plannedSeconds / (3 * size.shape.cost.forwardOperations),
                operations * recipe.plannedSeconds / facts.shape.cost.forwardOperations, 20e6)
            // For small texts batches are small, so that there are at least about fifty steps.
            let wanted = max(min(passes * text, affordable), 1)
            let sequences = [16, 8, 4].first { wanted >= Double(200 * $0 * context) } ?? 2
            let least = Double(50 * sequences * context)
            (self.context, self.sequences) = (context, sequences)
            tokens = Self.rounded(max(wanted, min(least, affordable), Double(sequences * context)))
            let fraction = affordable / text
            part = fraction < 0.8 && corpus.kind != .prompts ? Self.rounded(fraction, digits: 1) : nil
        }

        /// The length of training with `_` between groups of three digits.
        private var grouped: String {
            let digits = String(tokens)
            return digits.enumerated().map { index, digit in
                index > 0 && (digits.count - index) % 3 == 0 ? "_\(digit)" : "\(digit)"
            }.joined()
        }

        /// To two significant digits.
        private static func rounded(_ value: Double) -> Int { Int(rounded(value, digits: 2)) }

        private static func rounded(_ value: Double, digits: Double) -> Double {
            let unit = pow(10, log10(value).rounded(.down) - digits + 1)
            return max(unit, (value / unit).rounded() * unit)
        }

        private var isChat: Bool { corpus.kind != .texts }

        private var lossOn: String {
            isChat ? "      loss_on: assistant  # the answers; questions are read, not learnt\n" : ""
        }

        /// What the later stages read.
        private var source: String {
            corpus.kind == .prompts ? "answers" : part == nil ? given : "part"
        }

        private var given: String { StudentRecipe.list(recipe.data) }

        var body: String {
            var text = "name: \(name)\nseed: 17\nteacher: \(StudentRecipe.scalar(recipe.teacher))\n"
            if isChat, facts.template == nil {
                text += """
                    # The teacher has no chat template that can be used: roles are written as words. {content} is the message.
                    chat_template:
                      system: "{content}\\n\\n"
                      user: "User: {content}\\n"
                      assistant: "Assistant: {content}\\n\\n"

                    """
            }
            text += "student:\n  from: teacher\n"
            text +=
                "  layers: \(size.layers)  # of \(facts.shape.layers): those that change the hidden states most\n"
            if let neurons = size.feedForward {
                text += "  feed_forward: \(neurons)  # neurons of \(facts.shape.feedForward) in each block\n"
            }
            text += "  corpus: \(given)  # importance is measured on it\n"
            if let pieces = size.vocabulary {
                text +=
                    "  vocabulary: {trim_to: \(pieces)}  # pieces of \(facts.shape.vocabularySize); the text uses about \(corpus.pieces)\n"
            }
            text += "stages:\n"
            if corpus.kind == .prompts {
                text += """
                      - generate:  # the teacher's answers are what the student is trained on; give a base model examples with system: TEXT
                          prompts: \(given)
                          samples: 2
                          max_new_tokens: \(newTokens)
                          sampling: {temperature: 0.7, top_p: 0.95}
                          to: answers

                    """
            } else if let part {
                text += """
                      - select:  # as much as can be labelled in about two hours; raise fraction for more
                          corpus: \(given)
                          method: random
                          fraction: \(part)
                          to: part

                    """
            }
            text += """
                  - label:  # stores the teacher's distributions once, for any number of trainings
                      corpus: \(source)
                      signal: {kind: sampled, head: 16, draws: 200}
                \(lossOn)      context: \(context)
                      to: signals
                  - train:
                      corpus: \(source)
                      signals: signals
                      losses: [{kind: cross_entropy, weight: 0.2}, {kind: forward_kl, weight: 0.8}]
                \(lossOn)      optimizer: {learning_rate: 5e-4, weight_decay: 0.05}
                      schedule: {kind: cosine, warmup: 0.05}
                      batch: {sequences: \(sequences), context: \(context)}
                      tokens: \(grouped)  # more tokens bring the student closer: the first thing to raise
                      clip: 1
                      to: student

                """
            let isHeldOut = !recipe.heldOut.isEmpty
            let measured = isHeldOut ? StudentRecipe.list(recipe.heldOut) : source
            if !isHeldOut {
                text +=
                    "  # This is text the student was trained on: name other text here (or init with --held-out FILE).\n"
            }
            text += """
                  - evaluate:
                      models: [teacher, student]
                      perplexity: \(measured)
                      agreement: \(measured)
                      context: \(context)
                      limit: \(records)  # records
                  - report: {}

                """
            return text
        }

        func header(
            path: String, estimates labels: [String], _ estimates: [CostEstimate], machine: String
        ) -> String {
            let total = CostModel.total(of: estimates)
            let about = corpus.isEstimate ? "about " : ""
            let kind =
                switch corpus.kind {
                case .chats: "chats"
                case .prompts: "questions"
                case .texts: "texts"
                }
            let longest = zip(labels, estimates).sorted { $0.1.seconds > $1.1.seconds }.prefix(3)
                .filter { $0.1.seconds >= 0.1 * total.seconds }
                .map { "\($0) ≈ \(durationText($1.seconds))" }.joined(separator: ", ")
            var lines = [
                "A student of \(recipe.teacher.singleLine), pruned from it and trained on its token distributions.",
                "",
                "  distill run \(path.singleLine)",
                "  distill chat runs/\(name)/student",
                "",
                "Teacher: \(countText(facts.shape.cost.parameters)) parameters in \(facts.shape.layers) layers, "
                    + "\(facts.shape.vocabularySize) pieces; the student \(countText(self.size.shape.cost.parameters)).",
                "Text:    \(about)\(corpus.records) \(kind), \(countText(corpus.tokens)) tokens.",
                "Expect:  ≈ \(durationText(total.seconds)) \(machine) (\(longest)),",
                "         ≈ \(byteText(total.memoryBytes)) of memory and \(byteText(total.diskBytes)) of disk: estimates of "
                    + "distill run --dry-run.",
                "Paths start from the directory that distill is started in.",
            ]
            if !self.size.fits {
                lines.append(
                    "This machine has too little memory to train even a student this small: prune more, or use a larger one."
                )
            }
            return lines.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined()
        }
    }
}

extension String {
    /// Without control and format characters, which would end a comment or act on a terminal.
    fileprivate var singleLine: String {
        let scalars = unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: "?"
            default: scalar
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
