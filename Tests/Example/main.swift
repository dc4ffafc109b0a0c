import Checkpoints
import Corpora
import Foundation
import Training
import Transformer

// Distils a small student of TEACHER on CORPUS into OUTPUT.
let paths = CommandLine.arguments.dropFirst().map { URL(filePath: $0) }
let teacher = try Checkpoint.load(paths[0])
let tokenizer = try teacher.requireTokenizer()
let corpus = try CorpusEncoder(tokenizer: tokenizer, contextLength: 256).encode(CorpusReader([paths[1]]))

let student = try DecoderModel(
    configuration: Configuration(
        vocabularySize: tokenizer.vocabularySize, width: 64, layers: 2, heads: 2, feedForward: 176),
    seed: 1)
let trainer = try Trainer(
    student: student, teacher: teacher.decoder,
    source: CorpusSource(corpus: corpus, sequences: 8, context: 256, seed: 1),
    options: TrainingOptions(
        steps: 40, losses: [WeightedLoss(.forwardKL(temperature: 2))], optimizer: .init(learningRate: 3e-3)))
try trainer.run { event in
    if case .advanced(_, let step, _, let loss?) = event, step % 10 == 0 {
        print("step \(step): loss \(loss)")
    }
}
try Checkpoint.save(decoder: student, tokenizer: tokenizer, template: .roleMarkers, to: paths[2])
