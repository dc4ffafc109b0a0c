import ArgumentParser
import Checkpoints
import Corpora
import Foundation
import Generation
import Recipes
import Signals
import Support
import Tensors
import Training

struct LabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label",
        abstract: "Store a teacher's token distributions over a corpus.",
        discussion: """
            The distributions go to a signal cache, from which a student is trained without the teacher. After an \
            interruption the same command resumes where it stopped.

            A teacher that is an http or https address is asked through its OpenAI-compatible API, if its server gives \
            log-probabilities of prompts: vLLM (prompt_logprobs), llama-cpp-python (echo) and others. \
            Its tokenizer must be the student's, which --tokenizer names. Answers are kept in OUTPUT.answers as they arrive; \
            no later run of the command pays for one of them again. APIs that give log-probabilities of generated tokens \
            alone, as OpenAI's does, are asked for them by generate --top-logprobs; --recorded then makes the cache of the \
            corpus without another request.

            With --shard i/n, one of n processes labels its part of the corpus, and `distill merge` joins the n caches to the \
            bytes of a run without shards.

            EXAMPLES
              distill label data/teacher --corpus corpus.jsonl --output signals
              distill label data/teacher --corpus corpus.jsonl --output signals --kind top_k --k 50 --temperature 2
              distill label data/teacher --corpus corpus.jsonl --output signals --hidden 3 6
              distill label http://127.0.0.1:8000/v1 --model-name teacher --tokenizer student --kind top_k --k 20 \
                --corpus corpus.jsonl --output signals
              distill label http://127.0.0.1:8000/v1 --model-name teacher --tokenizer student --kind top_k --k 20 \
                --recorded --loss-on assistant --corpus answers.jsonl --output signals
              distill label data/teacher --corpus corpus.jsonl --shard 2/8 --output signals-2
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case sampled
        case topK = "top_k"
    }

    @Argument(
        help:
            "The teacher: a Hugging Face directory, a GGUF file, a name on the hub, or the address of an API."
    )
    var model: String
    @Option(
        help: ArgumentHelp(
            "A student or tokenizer of the teacher's family whose added tokens differ: the corpus is divided as it does. Of an API: the student, or the tokenizer that both have.",
            valueName: "model"))
    var tokenizer: String?
    @OptionGroup var chatTemplate: ChatTemplateFlag
    @OptionGroup var corpus: CorpusFlags
    @OptionGroup var shardFlag: ShardFlag
    @Option(name: .shortAndLong, help: "The directory of the signal cache.")
    var output: String
    @Option(
        help:
            "sampled: an unbiased estimate of forward KL; top_k: the most probable tokens and the mass of the rest."
    )
    var kind = Kind.sampled
    @Option(
        help:
            "Maximum number of most probable tokens stored exactly, those of probability at least 1/draws (sampled)."
    )
    var head = SparseKind.Standard.head
    @Option(help: "Samples drawn for a whole distribution; the tail gets its fraction of them (sampled).")
    var draws = SparseKind.Standard.draws
    @Option(help: "Number of most probable tokens stored (top_k).")
    var k = SparseKind.Standard.k
    @Option(help: "Temperature: divides the teacher's logits.")
    var temperature: Float = 1
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Layers, counted from 1, whose hidden states are stored as well, for feature losses without the teacher.",
            valueName: "layer"))
    var hidden: [Int] = []
    @Option(help: "The random seed of the samples.")
    var seed = RandomStream.standardSeed
    @Flag(help: "Print the cache's description as JSON, as `distill inspect --json` does.")
    var json = false
    @Flag(
        help:
            "Ask an API for each token's distribution by a request of its own: for servers that give those of generated tokens alone, as llama.cpp's."
    )
    var perToken = false
    @Flag(
        help:
            "Take the log-probabilities that generate --top-logprobs has left in the corpus; the API is not asked."
    )
    var recorded = false
    @OptionGroup(title: "A teacher behind an API") var endpoint: EndpointFlags
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        try StandardStreams.refuse(output, for: "a signal cache")
        if EndpointAddress.isAddress(model) {
            try validateEndpoint()
        } else {
            try endpoint.refuse(for: model)
            for (isGiven, flag) in [(perToken, "--per-token"), (recorded, "--recorded")] where isGiven {
                throw ValidationError("\(flag) is of a model behind an API")
            }
        }
        try require(Loss.temperatureLimits.problem("--temperature", temperature))
        try require(SparseKind.Limits.k.problem("--k", k))
        try require(SparseKind.Limits.head.problem("--head", head))
        try require(SparseKind.Limits.draws.problem("--draws", draws))
        for layer in hidden { try require((1...512).problem("--hidden", layer)) }
    }

    private func validateEndpoint() throws {
        try endpoint.validate(output: output)
        if tokenizer == nil {
            throw ValidationError(
                "--tokenizer is missing: the student, or the tokenizer that it shares with the API's model")
        }
        if kind != .topK {
            throw ValidationError("an API gives the most probable tokens: --kind top_k")
        }
        for (isGiven, flag) in [(temperature != 1, "--temperature"), (!hidden.isEmpty, "--hidden")]
        where isGiven {
            throw ValidationError("\(flag) is of a local teacher; an API has none of it")
        }
        if recorded, shardFlag.text != nil {
            throw ValidationError("--recorded takes what the corpus has, in seconds: leave out --shard")
        }
        if recorded, perToken { throw ValidationError("--recorded asks for nothing: leave out --per-token") }
        if recorded, corpus.scope != .assistant {
            throw ValidationError("--recorded has the distributions of answers alone: --loss-on assistant")
        }
    }

    /// Labels with a teacher behind an API; returns what is to be said of it beside the manifest.
    private func ask(
        _ address: String, progress: @escaping ProgressHandler
    ) throws -> (SignalManifest, [String]) {
        guard let tokenizer else { preconditionFailure("validated") }
        let endpoint = try endpoint.endpoint(at: address)
        let (vocabulary, template) = try Checkpoint.tokenizerAndTemplate(at: general.model(tokenizer))
        let chatTemplate = try chatTemplate.applied(to: template)
        let directory = URL(filePath: output)
        if recorded {
            let (manifest, summary) = try RecordedLabelingJob(
                endpoint: endpoint, tokenizer: vocabulary, template: chatTemplate, k: k,
                context: corpus.context
            ).run(corpus.reader(), into: directory, progress: progress)
            return (manifest, [summary.part ?? manifest.summary])
        }
        let (manifest, summary) = try EndpointLabelingJob(
            endpoint: endpoint, tokenizer: vocabulary, template: chatTemplate, k: k,
            scope: corpus.scope ?? TargetScope.standard, context: corpus.context, isPerToken: perToken,
            shard: shardFlag.shard
        ).run(
            corpus.reader(), into: directory, journal: URL(filePath: output + ".answers"), progress: progress)
        return (manifest, summary?.parts ?? [])
    }

    private func label(progress: @escaping ProgressHandler) throws -> SignalManifest {
        try LabelingJob(
            teacher: chatTemplate.applied(to: teacher()), name: model,
            kind: kind == .topK ? .topK(k: k) : .sampled(head: head, draws: draws), temperature: temperature,
            scope: corpus.scope ?? TargetScope.standard, context: corpus.context, hidden: hidden, seed: seed,
            shard: shardFlag.shard
        ).run(corpus.reader(), into: URL(filePath: output), progress: progress)
    }

    private func teacher() throws -> Checkpoint {
        let teacher = try Checkpoint.load(general.model(model))
        guard let tokenizer else { return teacher }
        let (vocabulary, template) = try Checkpoint.tokenizerAndTemplate(at: general.model(tokenizer))
        let matching = try teacher.matching(vocabulary, of: tokenizer)
        return template.map(matching.writing) ?? matching
    }

    func run() throws {
        try general.running(advice: "the positions labelled so far are kept; run the same command to resume")
        {
            let progress = general.progressLine()
            defer { progress.clear() }
            let (manifest, asked) =
                try EndpointAddress.isAddress(model)
                ? ask(model, progress: progress.handler) : (label(progress: progress.handler), [])
            progress.clear()
            if !asked.isEmpty, !json {
                try Console.summarize("\(output): " + asked.joined(separator: ", "), of: output)
            }
            if json {
                try printJSON(
                    ModelMetrics(path: output, metrics: CacheInspection(manifest, verification: nil)))
            }
        }
    }
}
