import Corpora
import DatasetDistillation
import Evaluation
import Foundation
import Signals
import Support
import Tensors
import Tokenization
import Training
import Transformer

/// The text that is trained on.
struct TrainingText {
    let source: any BatchSource
    /// All tokens, each once.
    let tokens: Int
    /// Tokens of the longest sequence.
    let longest: Int
    /// Steps that hold at least so many tokens.
    let stepsReaching: (_ tokens: Int) -> Int
}

extension TrainStage {
    /// The corpora of the stage, with signals where they are cached.
    ///
    func corpusText(
        _ encoder: CorpusEncoder, _ caches: SignalCaches?, _ teachers: TeacherSet,
        _ form: TextForm, _ context: StageContext
    ) throws -> TrainingText {
        let (encoded, parts) = try encodedDocuments(encoder, context)
        try caches?.check(
            encoded, tokenizer: Fingerprint(of: form.tokenizer.serializedModel),
            pieces: form.tokenizer.piecesFingerprint, template: form.template.identity,
            vocabularySize: form.tokenizer.vocabularySize)
        if !teachers.missing.isEmpty {
            for index in 0..<encoded.count { try teachers.check(encoded.document(index), form.tokenizer) }
        }
        if !features.isEmpty { try caches?.requireHidden() }
        let source = CorpusSource(
            corpus: encoded, caches: caches, readsHidden: !features.isEmpty,
            teachers: teachers.byPart.map { byPart in parts.map { byPart[$0] } },
            sequences: batch.sequences, context: batch.contextLength,
            parts: batch.accumulate, seed: context.seed)
        return TrainingText(
            source: source, tokens: encoded.tokenCount, longest: Int(encoded.lengths.max() ?? 0),
            stepsReaching: source.steps)
    }

    /// Synthetic sequences, for the model that they were learned for.
    func syntheticText(
        _ reference: Reference, _ student: DecoderModel, _ context: StageContext
    ) throws -> TrainingText {
        let sequences = try SyntheticSequences(
            contentsOf: context.url(of: reference).appending(path: SyntheticSequences.fileName),
            vocabularySize: student.configuration.vocabularySize, width: student.configuration.width)
        let longest = Int(sequences.lengths.max() ?? 0)
        guard longest <= batch.contextLength else {
            throw UserError(
                "a synthetic sequence of \(longest) tokens in a batch of context \(batch.contextLength)",
                hint: "set the batch's context to \(longest)", status: .configuration)
        }
        let source = SyntheticSource(
            sequences, budget: batch.sequences * batch.contextLength,
            parts: batch.accumulate, seed: context.seed)
        return TrainingText(
            source: source, tokens: sequences.ids.count, longest: longest, stepsReaching: source.steps)
    }

    /// The documents of all corpora, and, where it matters, the corpus of each. One of weight w occurs w times, the fractional
    /// part by chance.
    private func encodedDocuments(
        _ encoder: CorpusEncoder, _ context: StageContext
    ) throws -> (corpus: EncodedCorpus, parts: [Int]) {
        let inputs = self.corpus.map {
            CorpusReader.Input(context.url(of: $0.source), limit: $0.limit, documents: documents)
        }
        let corpus = try encoder.encode(context.noting(CorpusReader(inputs)), in: context.work)
        guard self.corpus.contains(where: { $0.weight != 1 || $0.teacher != nil }) else {
            return (corpus, [])
        }
        let chosen = zip(self.corpus, corpus.parts).enumerated().map { index, part -> [Int] in
            let (input, documents) = part
            let copies = Int(input.weight)
            let rest = Int(((input.weight - Double(copies)) * Double(documents.count)).rounded())
            var stream = RandomStream(
                seed: context.seed, purpose: "corpus weight", index: UInt64(index))
            let extra = stream.permutation(of: documents.count).prefix(rest).sorted()
            return (0..<copies).flatMap { _ in documents } + extra.map { documents.lowerBound + $0 }
        }
        guard chosen.contains(where: { !$0.isEmpty }) else {
            throw UserError(
                "no document is left of a corpus of \(corpus.count) with a weight of \(self.corpus[0].weight)",
                file: self.corpus[0].source.name, hint: "raise the weight", status: .configuration)
        }
        return (
            corpus.choosing(chosen.flatMap { $0 }),
            chosen.enumerated().flatMap { index, documents in documents.map { _ in index } }
        )
    }

    /// Text that the student generates, mixed with the corpus; nil without on_policy.
    func onPolicySource(
        corpus: any BatchSource, student: DecoderModel, teachers: TeacherSet, _ form: TextForm,
        _ encoder: CorpusEncoder, steps: Int, _ context: StageContext
    ) throws -> OnPolicySource? {
        guard let settings = onPolicy else { return nil }
        let prompts = try context.reader(settings.prompts).records().map { record in
            let prompt = try encoder.prompt(
                record.prompt ?? record.texts.map { Message(role: .user, content: $0) }, tools: record.tools)
            return RolloutPrompt(student: prompt.student, teacher: prompt.teacher)
        }
        return OnPolicySource(
            student: student, teacher: teachers.all.first?.decoders.first, prompts: prompts, corpus: corpus,
            stopIDs: form.template.stopIDs(in: form.tokenizer),
            endID: form.template.endID(in: form.tokenizer),
            excludedIDs: form.template.suppressedIDs(in: form.tokenizer).union(teachers.missing.keys),
            options: settings.options(
                recordsLogProbabilities: losses.contains(where: \.kind.needsDrawnTokens)),
            steps: steps,
            budget: batch.sequences * batch.contextLength, parts: batch.accumulate,
            seed: context.seed)
    }

    /// The loss on held-out text; nil without validate.
    func heldOutLoss(
        _ encoder: CorpusEncoder, _ context: StageContext
    ) throws -> ((DecoderModel) throws -> Double)? {
        guard let settings = validation else { return nil }
        let corpus = try encoder.encode(
            context.reader(settings.corpus, limit: settings.limit, documents: documents),
            in: context.work)
        let texts = try corpus.map { (ids: $0.ids, lossMask: $0.lossMask) }
        let length = batch.contextLength
        let windows = PerplexityConvention.hf.windows(
            of: texts, context: length, stride: length, begin: nil)
        return { Perplexity.measure($0, windows: windows).nll }
    }
}
