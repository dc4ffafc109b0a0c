import Foundation
import RecipeSchema
import Support
import Testing
import Transformer

@testable import Recipes

/// Faults found, line 16: what can be known from the files at hand is known at validation, at the place that names the file.
@Suite struct FileCheckTests {
    let workspace: Workspace

    init() throws {
        workspace = try Workspace()
        try workspace.write("data/broken.jsonl", "{\"text\": \"once\"}\n{\"text\": \n")
        try workspace.write("data/notes.md", "once upon a time\n")
        try workspace.write("data/empty.jsonl", "")
        try Data([0xFF, 0xFE, 0x0A]).write(to: workspace.url.appending(path: "data/bytes.md"))
        for name in ["bare", "torn", "stranger", "deep"] {
            try FileManager.default.copyItem(
                at: Self.models.appending(path: name), to: workspace.url.appending(path: "data/\(name)"))
        }
    }

    /// Models with a flaw each, made once.
    private static let models: URL = {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "flawed-models-\(UUID().uuidString)", directoryHint: .isDirectory)
        func save(
            _ name: String, _ layers: Int = 2, _ context: Int = 2048, _ words: Int = 0,
            _ tokenizer: Bool = true
        ) {
            try! TinyModel.save(
                to: directory.appending(path: name), layers: layers, context: context, words: words,
                withTokenizer: tokenizer)
        }
        try! FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        save("bare", 2, 2048, 0, false)
        save("torn")
        save("stranger", 2, 2048, 1)
        save("deep", 3, 64)
        let weights = directory.appending(path: "torn/model.safetensors")
        try! Data(contentsOf: weights).prefix(3000).write(to: weights)
        return directory
    }()

    /// A key that names a file, by its path in the schema, and the changes of the sample recipe with `FILE` as its value.
    private static let keys: [String: [String]] = [
        "teacher": ["teacher=FILE"],
        "tokenizer": ["tokenizer=FILE"],
        "student.from": ["student={from: FILE}"],
        "student.corpus": ["student={from: teacher, layers: 1, corpus: FILE}"],
        "student.vocabulary.corpus": ["student={from: teacher, vocabulary: {trim_to: 90, corpus: FILE}}"],
        "tokenizer/corpus": add("tokenizer: {corpus: FILE, vocabulary: 300}"),
        "prune/model": add("prune: {model: FILE, layers: 1, corpus: data/text.jsonl}"),
        "prune/corpus": add("prune: {layers: 1, corpus: FILE}"),
        "prune/vocabulary.corpus": add("prune: {vocabulary: {trim_to: 90, corpus: FILE}}"),
        "prompts/table.file": add("prompts: {table: {file: FILE, template: '{a}'}}"),
        "prompts/questions.documents": add("prompts: {questions: {documents: FILE}}"),
        "prompts/self_instruct.seeds": add("prompts: {self_instruct: {seeds: FILE, count: 5}}"),
        "prompts/evolve.prompts": add("prompts: {evolve: {prompts: FILE}}"),
        "prompts/continue.chats": add("prompts: {continue: {chats: FILE}}"),
        "prompts/model": add("prompts: {evolve: {prompts: data/prompts.jsonl}, model: FILE}"),
        "generate/model": ["stages.generate.model=FILE"],
        "generate/prompts": ["stages.generate.prompts=FILE"],
        "filter/corpus": add("filter: {corpus: FILE, filters: [length]}"),
        "filter/filters.against": add(
            "filter: {corpus: data/text.jsonl, filters: [{kind: exact_duplicates, against: FILE}]}"),
        "filter/filters.like": add(
            "filter: {corpus: data/text.jsonl, filters: [{kind: language, like: FILE, unlike: data/questions.jsonl}]}"
        ),
        "filter/filters.unlike": add(
            "filter: {corpus: data/text.jsonl, filters: [{kind: language, unlike: FILE, like: data/questions.jsonl}]}"
        ),
        "judge/corpus": add("judge: {corpus: FILE, majority: {}}"),
        "judge/likelihood.model": add("judge: {corpus: data/text.jsonl, likelihood: {model: FILE}}"),
        "judge/score.model": add("judge: {corpus: data/text.jsonl, score: {model: FILE}}"),
        "judge/pairwise.model": add("judge: {corpus: data/text.jsonl, pairwise: {model: FILE}}"),
        "weak_labels/corpus": add(
            "weak_labels: {corpus: FILE, labels: [a, b], functions: [{name: x, vote: x}, {name: y, vote: y}, {name: z, vote: z}]}"
        ),
        "filter/filters.tokenizer": add(
            "filter: {corpus: data/text.jsonl, filters: [{kind: length, unit: tokens, tokenizer: FILE}]}"),
        "filter/filters.model": add(
            "filter: {corpus: data/text.jsonl, filters: [{kind: similarity, model: FILE}]}"),
        "filter/filters.reference_model": add(
            "filter: {corpus: data/text.jsonl, filters: [{kind: perplexity_ratio, model: data/teacher, max_ratio: 2, reference_model: FILE}]}"
        ),
        "split/corpus": add("split: {corpus: FILE}"),
        "dataset/splits": add("dataset: {splits: {train: FILE}}"),
        "dataset/tokenizer": add("dataset: {splits: {train: corpus}, tokenizer: FILE}"),
        "dataset/filter_report": add("dataset: {splits: {train: corpus}, filter_report: FILE}"),
        "select/corpus": add("select: {corpus: FILE, method: random, fraction: 0.5}"),
        "select/model": add("select: {corpus: data/text.jsonl, method: herding, model: FILE, fraction: 0.5}"),
        "select/small_model": add(
            "select: {corpus: data/text.jsonl, method: difference, small_model: FILE, fraction: 0.5}"),
        "select/student": add(
            "select: {corpus: data/text.jsonl, method: entropy, student: FILE, fraction: 0.5}"),
        "select/exclude": add(
            "select: {corpus: data/text.jsonl, exclude: FILE, method: random, fraction: 0.5}"),
        "select/target": add(
            "select: {corpus: data/text.jsonl, method: gradient, target: FILE, fraction: 0.5}"),
        "select/tokenizer": add(
            "select: {corpus: data/text.jsonl, method: coverage, tokenizer: FILE, fraction: 1}"),
        "distill_dataset/corpus": add("distill_dataset: {corpus: FILE, fraction: 0.5}"),
        "distill_dataset/model": add(
            "distill_dataset: {corpus: data/text.jsonl, model: FILE, fraction: 0.5}"),
        "label/model": ["stages.label.model=FILE"],
        "label/corpus": ["stages.label.corpus=FILE"],
        "label/tokenizer": ["stages.label.tokenizer=FILE"],
        "train/model.from": ["stages.train.model={from: FILE}"],
        "train/model.corpus": ["stages.train.model={from: teacher, layers: 1, corpus: FILE}"],
        "train/model.vocabulary.corpus": [
            "stages.train.model={from: teacher, vocabulary: {trim_to: 90, corpus: FILE}}"
        ],
        "train/tokenizer": ["stages.train.tokenizer=FILE"],
        "train/synthetic": ["stages.train.synthetic=FILE"],
        "train/corpus": ["stages.train.corpus=FILE"],
        "train/corpus.source": ["stages.train.corpus=[{source: FILE}]"],
        "train/corpus.teacher": ["stages.train.corpus=[{source: corpus, teacher: FILE}]"],
        "train/signals": ["stages.train.signals=FILE"],
        "train/teacher": ["stages.train.teacher=FILE"],
        "train/teacher.model": ["stages.train.teacher=[{model: FILE}]"],
        "train/peer.model.from": ["stages.train.peer={model: {from: FILE}}"],
        "train/peer.model.corpus": ["stages.train.peer={model: {from: teacher, layers: 1, corpus: FILE}}"],
        "train/peer.model.vocabulary.corpus": [
            "stages.train.peer={model: {from: teacher, vocabulary: {trim_to: 90, corpus: FILE}}}"
        ],
        "train/on_policy.prompts": ["stages.train.on_policy={prompts: FILE}"],
        "train/validate.on": ["stages.train.validate={on: FILE}"],
        "train/gradient_angle.to": ["stages.train.gradient_angle={to: FILE}"],
        "convert/model": add("convert: {model: FILE}"),
        "evaluate/models": ["stages.evaluate.models=[FILE]"],
        "evaluate/models.model": ["stages.evaluate.models=[{model: FILE}]"],
        "evaluate/teacher": ["stages.evaluate.teacher=FILE"],
        "evaluate/perplexity": ["stages.evaluate.perplexity=FILE"],
        "evaluate/agreement": ["stages.evaluate.agreement=FILE"],
        "evaluate/tasks": ["stages.evaluate.tasks={easy: FILE}"],
        "evaluate/tasks.questions": ["stages.evaluate.tasks={easy: {questions: FILE}}"],
    ]

    /// A stage before the last one, a report.
    private static func add(_ stage: String) -> [String] { ["stages.report=ADDED \(stage)"] }

    private static var declared: [(path: String, use: FileUse)] {
        func walk(_ keys: [KeyDeclaration], _ prefix: String) -> [(String, FileUse)] {
            keys.flatMap { key in
                (key.fileContent.flatMap(FileUse.init).map { [(prefix + key.key, $0)] } ?? [])
                    + walk(key.nested, prefix + key.key + ".")
            }
        }
        return walk(KeyReference.top().filter { $0.key != "stages" }, "")
            + StageRegistry.standard.kinds.flatMap { walk($0.declarations, "\($0.name)/") }
    }

    @Test func noKeyThatNamesAFileIsLeftOut() {
        #expect(Set(Self.declared.map(\.path)) == Set(Self.keys.keys))
    }

    /// Files that a use cannot be served by: none at all, another kind, broken ones.
    private static func unusable(_ use: FileUse) -> [String] {
        let missing = ["data/none.jsonl"]
        return switch use {
        case .text: missing + ["data/broken.jsonl", "data/notes.md", "data/empty.jsonl", "data/teacher"]
        case .prompts: missing + ["data/broken.jsonl", "data/notes.md", "data/empty.jsonl", "data/teacher"]
        case .chats:
            missing + ["data/broken.jsonl", "data/prompts.jsonl", "data/empty.jsonl", "data/teacher"]
        case .questions:
            missing + ["data/broken.jsonl", "data/text.jsonl", "data/empty.jsonl", "data/teacher"]
        case .model: missing + ["data/text.jsonl", "data/bare", "data/torn", "data"]
        case .weights: missing + ["data/text.jsonl", "data/torn", "data"]
        case .tokenizer: missing + ["data/text.jsonl", "data/bare", "data"]
        case .table: missing + ["data/broken.jsonl", "data/notes.md", "data/empty.jsonl", "data/teacher"]
        case .filterReport: ["data/none.json", "data/text.jsonl", "data/teacher"]
        case .documents: ["data/none.md", "data/text.jsonl", "data/teacher", "data/bytes.md"]
        case .signals, .sequences: missing + ["data/text.jsonl", "data/teacher", "data"]
        }
    }

    /// The sample recipe with changes, as text.
    private func text(_ overrides: [String]) throws -> String {
        var text = sampleRecipe
        if let added = overrides.first?.firstRange(of: "ADDED ") {
            return text.replacing(
                "  - report: {}", with: "  - \(overrides[0][added.upperBound...])\n  - report: {}")
        }
        var reader = YAMLReader(origin: "sample")
        var tree = try reader.read(text).value
        for override in overrides {
            tree = try Override(argument: override).apply(to: tree, naming: RecipeFile.stageList)
        }
        text = try tree.serialized()
        return text
    }

    @Test(arguments: keys.keys.sorted()) func anUnusableFileIsRefusedWhereItIsNamed(key: String) throws {
        let use = try #require(Self.declared.first { $0.path == key }?.use)
        let template = try text(try #require(Self.keys[key]))
        let lines = template.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(lines.firstIndex { $0.contains("FILE") })
        let before = lines[line][..<lines[line].firstRange(of: "FILE")!.lowerBound]
        for file in Self.unusable(use) {
            let problems = try workspace.problems(template.replacing("FILE", with: file))
            let place = "\(line + 1):\(before.count + 1): "
            #expect(problems.contains { $0.hasPrefix(place) }, "\(file): \(problems)")
        }
    }

    // MARK: What is known of several files or stages together

    private func problem(_ overrides: [String]) throws -> String {
        let problems = try workspace.problems(text(overrides))
        #expect(problems.count == 1, "\(problems)")
        return problems.first.map { String($0.drop { $0 != " " }.dropFirst()) } ?? ""
    }

    @Test func soundFilesAreAccepted() throws {
        #expect(
            try workspace.problems(
                text([
                    "stages.evaluate.tasks={easy: data/questions.jsonl}", "stages.label.model=data/deep",
                    "stages.label.context=512", "stages.train.batch={context: 64}",
                    "stages.train.model={from: data/bare}", "stages.train.tokenizer=teacher",
                ])) == [])
    }

    @Test(arguments: [
        (
            "64",
            "documents are truncated to 64 tokens, but \"signals\" has them truncated to 256; set context alike in both stages"
        ),
        (
            "512",
            "sequences of 512 tokens, but \"signals\" labels the first 256 of a document; set context alike in both stages"
        ),
    ])
    func aCacheIsCutAsTheTrainingCuts(context: String, expected: String) throws {
        #expect(try problem(["stages.train.batch={context: \(context)}"]) == expected)
    }

    /// A teacher labels no more of a document than it reads.
    @Test func aTeachersContextCutsItsSignals() throws {
        #expect(
            try problem(["stages.label.model=data/deep"])
                == "sequences of 256 tokens, but \"signals\" labels the first 64 of a document; "
                + "set context alike in both stages")
    }

    @Test func aModelWithoutATokenizerNeedsOne() throws {
        #expect(
            try problem(["stages.train.model={from: data/bare}"]).hasPrefix(
                "data/bare has no tokenizer that can be used: "))
    }

    @Test func aCorpusHasNoAnswers() throws {
        #expect(
            try problem(["stages.evaluate.tasks={easy: corpus}"])
                == "\"corpus\" is a corpus, which has no answers to compare with; "
                + "a file of questions is needed here, each with its \"answers\"")
    }

    @Test func anExitOfAModelThatAStageMakes() throws {
        #expect(
            try problem(["stages.evaluate.models=[{model: student, exit: 3}]"])
                == "there is no layer 3 in a model with 2; accepted: 1 to 2")
    }

    @Test func agreementNeedsOneTokenizer() throws {
        #expect(
            try problem([
                "stages.evaluate.models=[data/stranger]", "stages.evaluate.agreement=data/text.jsonl",
            ])
                == "data/stranger has another tokenizer than the teacher, data/teacher; agreement is measured token by token: "
                + "take it away")
    }

    @Test func aModelIsTrainedWithItsOwnTokenizer() throws {
        #expect(
            try problem([
                "stages.train.model={from: data/stranger}", "stages.train.tokenizer=teacher",
            ])
                == "data/stranger has another tokenizer than teacher; leave the key tokenizer out, or begin from a model "
                + "that has it")
    }

    /// It labels and writes, but has no backward pass.
    @Test func aMixtureOfExpertsIsATeacherOnly() throws {
        try TinyModel.save(
            to: workspace.url.appending(path: "data/experts"), experts: Experts(count: 3, perToken: 2))
        #expect(try workspace.problems(text(["stages.label.model=data/experts"])) == [])
        #expect(
            try problem(["stages.train.model={from: data/experts}"])
                == "data/experts cannot be trained: a mixture of experts is a frozen teacher: it has no backward pass "
                + "through its router; train a student without experts on text that it generates, or on its distributions"
        )
        let error = try #require(throws: UserError.self) {
            try StudentRecipe(teacher: "data/experts", data: ["data/text.jsonl"], directory: workspace.url)
                .text(forFileNamed: "recipe.yaml", cost: CostModel(gigaflops: 100))
        }
        #expect(error.problem == "no student can be pruned from a mixture of experts")
    }

    /// A cache on disk says with which tokenizer it was labelled, and whether it keeps hidden states.
    @Test func aCacheOnDiskIsLookedAt() throws {
        let runs = workspace.url.appending(path: "runs", directoryHint: .isDirectory)
        let labelling = """
            name: labelling
            teacher: data/teacher
            stages:
              - label: {corpus: data/text.jsonl}

            """
        _ = try RecipeRunner(
            toolVersion: "test", runs: runs, progress: { _ in }
        ).run(try workspace.plan(labelling, named: "labelling.yaml"))
        func overrides(_ more: [String]) -> [String] {
            ["stages.train.corpus=data/text.jsonl", "stages.train.signals=runs/labelling/signals"] + more
        }
        #expect(try workspace.problems(text(overrides([]))) == [])
        #expect(
            try problem(overrides(["stages.train.tokenizer=data/stranger"]))
                == "runs/labelling/signals was labelled with another tokenizer than that of data/stranger; label the corpus "
                + "with the student's tokenizer (the key tokenizer of label)")
        #expect(
            try problem(overrides(["stages.train.features=[{kind: hidden_mse}]"]))
                == "hidden_mse needs the teacher's hidden states, which runs/labelling/signals does not have; "
                + "label with hidden and the layers' numbers, or give teacher")
        let cache = runs.appending(path: "labelling/signals").resolvingSymlinksInPath()
        try FileManager.default.removeItem(at: cache.appending(path: "shard-00000.safetensors"))
        #expect(
            try problem(overrides([])).hasSuffix(
                "shard-00000.safetensors: is missing; label the corpus again"))
    }

    @Test func aTeacherNeedsTheStudentsTokenizer() throws {
        #expect(
            try problem(["tokenizer=data/stranger"]).hasSuffix(
                "is labelled with the tokenizer of data/teacher, the student has that of data/stranger; "
                    + "let the teacher write (generate), and train on its text"))
        #expect(
            try problem(["stages.train.signals=null", "stages.train.teacher=data/stranger"]).hasPrefix(
                "data/stranger has another tokenizer than the student"))
    }

    /// Features look at the first of several teachers: the width of another does not matter.
    @Test func featuresFollowTheFirstTeacher() throws {
        let features = [
            "stages.train.signals=null", "stages.train.teacher=[teacher, data/deep]",
            "stages.train.features=[{kind: minilm, relation_heads: 2}]",
        ]
        #expect(try workspace.problems(text(features)) == [])
    }

    @Test(arguments: [
        ("kl", "no stage measures \"kl\"; accepted: parameters, bytes, perplexity, loss, tokens_per_second"),
        ("perplexty", "no stage measures \"perplexty\"; did you mean \"perplexity\"?"), ("perplexity", ""),
    ])
    func aVerdictIsOnWhatIsMeasured(metric: String, expected: String) throws {
        let study = sampleRecipe + "variants: [{name: a}, {name: b}]\nverdict: {metric: \(metric)}\n"
        let problems = try workspace.problems(study)
        #expect(problems == (expected.isEmpty ? [] : ["18:19: \(expected)"]))
    }
}
