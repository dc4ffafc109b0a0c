import Corpora
import MethodFixtures
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Selection
@testable import Training

@Suite struct GradientSimilarityTests {
    private static func document(_ token: Int32, length: Int) -> EncodedDocument {
        EncodedDocument(
            ids: (0..<length).map { $0 % 2 == 0 ? token : token + 1 }, lossMask: (0..<length).map { $0 > 0 })
    }

    /// Of three kinds of text the one that the target is of is most like it.
    @Test(arguments: [7, 40, 80] as [Int32])
    func sameKindIsNearest(kind: Int32) throws {
        let documents = ([7, 40, 80] as [Int32]).flatMap { token in
            (0..<6).map { Self.document(token, length: 8 + $0) }
        }
        let scores = try GradientSimilarity(Small.decoder(), seed: 1).scores(
            of: EncodedCorpus(documents), target: EncodedCorpus([Self.document(kind, length: 20)]),
            progress: nil)
        let best = scores.indices.sorted { scores[$0] > scores[$1] }.prefix(6)
        #expect(best.allSatisfy { documents[$0].ids[0] == kind }, "\(scores)")
        #expect(scores.allSatisfy { (-1.001...1.001).contains($0) })
    }

    /// The cosine of sketches is that of the gradients themselves, computed from the definition, within 1 / √D.
    @Test func sketchesKeepCosines() throws {
        let model = try Small.decoder()
        let documents = Small.documents(12).filter { $0.targetCount > 0 }
        let corpus = try EncodedCorpus(documents)
        let target = Small.documents(15)[14]
        let scores = try GradientSimilarity(model, seed: 5).scores(
            of: corpus, target: EncodedCorpus([target]), progress: nil)
        let gradients = (documents + [target]).map { document -> [Double] in
            let batch = Small.batch(of: [document])
            model.requireGradients()
            defer { model.requireGradients(false) }
            let (objective, tape) = Tape.record {
                HeadLoss([WeightedLoss(.crossEntropy)])(
                    hidden: gatherRows(model.hiddenStates(batch.tokens), at: batch.positions),
                    head: model.head,
                    targets: batch.targets, teacher: nil, scale: 1 / Float(batch.targets.count)
                ).objective
            }
            tape.backward(from: objective)
            return model.parameters.flatMap { parameter -> [Double] in
                defer { parameter.tensor.gradient = nil }
                return parameter.tensor.gradient?.values.map(Double.init)
                    ?? Array(repeating: 0, count: parameter.tensor.count)
            }
        }
        let count = Double(documents.count)
        let moments = gradients[0].indices.map { i in
            gradients.dropLast().reduce(0) { $0 + $1[i] * $1[i] } / count
        }
        for (score, gradient) in zip(scores, gradients) {
            let direction = gradient.indices.map { i in
                gradient[i]
                    / (((count * moments[i] + gradient[i] * gradient[i]) / (count + 1)).squareRoot() + 1e-12)
            }
            func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
            let wanted = gradients.last!
            let cosine =
                dot(direction, wanted) / (dot(direction, direction) * dot(wanted, wanted)).squareRoot()
            // Four standard errors of a projection to 4,096 components.
            #expect(abs(score - cosine) < 4.0 / 64, "\(score), \(cosine)")
        }
    }
}
