import Corpora
import MethodFixtures
import Support
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Training

/// Two models trained in step.
@Suite struct PeerTests {
    private let documents = TrainingRun.countingDocuments()
    private let both = [WeightedLoss(.crossEntropy), WeightedLoss(.forwardKL(temperature: 2), weight: 0.5)]
    /// Large enough an epsilon that the first step shows the gradient's size, not only its sign.
    private let optimizer = AdamW.Options(learningRate: 1e-2, epsilon: 1e-2)

    private func run(
        steps: Int, losses: [WeightedLoss], peerLosses: [WeightedLoss]?, teacher: DecoderModel? = nil,
        student: DecoderModel, peer: DecoderModel? = nil, optimizer: AdamW.Options? = nil
    ) throws {
        let rule = optimizer ?? self.optimizer
        try Trainer(
            student: student, teachers: teacher.map { [Teachers($0)] } ?? [],
            peer: peer.map { Peer($0, losses: peerLosses!, optimizer: rule) },
            source: CorpusSource(corpus: EncodedCorpus(documents), sequences: 4, context: 10, seed: 1),
            options: TrainingOptions(steps: steps, losses: losses, optimizer: rule)
        ).run()
    }

    private func first() throws -> DecoderModel { try Small.decoder(seed: 1) }
    private func second() throws -> DecoderModel { try Small.decoder(width: 24, layers: 2, seed: 2) }

    /// One step of both is one step of each with the other, as it was, for a teacher.
    @Test func eachHearsTheOtherAsItWas() throws {
        let (student, peer) = (try first(), try second())
        try run(steps: 1, losses: both, peerLosses: both, student: student, peer: peer)
        let (one, other) = (try first(), try second())
        try run(steps: 1, losses: both, peerLosses: nil, teacher: second(), student: one)
        try run(steps: 1, losses: both, peerLosses: nil, teacher: first(), student: other)
        for (together, alone) in [(student, one), (peer, other)] {
            let (actual, expected) = (TrainingRun.weights(together), TrainingRun.weights(alone))
            for (name, values) in expected {
                expectClose(actual[name]!, values.map(Double.init), relative: 1e-5, absolute: 1e-6, name)
            }
        }
        #expect(TrainingRun.weights(student) != TrainingRun.weights(try first()))
    }

    /// A teacher that goes on learning learns what it would alone: the student does not disturb it.
    @Test func aTeacherIsNotDisturbed() throws {
        let (peer, alone) = (try second(), try second())
        try run(
            steps: 15, losses: both, peerLosses: [WeightedLoss(.crossEntropy)], student: first(), peer: peer)
        try run(steps: 15, losses: [WeightedLoss(.crossEntropy)], peerLosses: nil, student: alone)
        #expect(TrainingRun.weights(peer) == TrainingRun.weights(alone))
    }

    /// Two that learn from each other come to agree more than two that do not.
    @Test func theyComeToAgree() throws {
        let batch = Small.batch(of: Small.documents(20, seed: 5))
        func divergence(_ losses: [WeightedLoss]) throws -> Double {
            let (student, peer) = (try first(), try second())
            try run(
                steps: 60, losses: losses, peerLosses: losses, student: student, peer: peer,
                optimizer: .init(learningRate: 1e-2))
            #expect(student.parameters.allSatisfy { !$0.tensor.needsGradient })
            #expect(peer.parameters.allSatisfy { !$0.tensor.needsGradient })
            return zip(Small.logits(student, batch), Small.logits(peer, batch)).reduce(0) {
                $0 + Reference.kl(Reference.softmax($1.0), Reference.softmax($1.1))
            }
        }
        let (apart, together) = (
            try divergence([WeightedLoss(.crossEntropy)]),
            try divergence([WeightedLoss(.crossEntropy), WeightedLoss(.forwardKL(temperature: 1), weight: 4)])
        )
        #expect(together < 0.7 * apart, "\(together) against \(apart)")
    }

    @Test func bothAreInTheLog() throws {
        let log = Log()
        let options = TrainingOptions(steps: 2, losses: both, optimizer: optimizer)
        try Trainer(
            student: first(), teachers: [], peer: Peer(second(), losses: both, optimizer: optimizer),
            source: CorpusSource(corpus: EncodedCorpus(documents), sequences: 4, context: 10, seed: 1),
            options: options
        ).run(listener: log)
        let terms = try #require(log.lines.last).terms
        #expect(
            Set(terms.keys) == ["cross_entropy", "forward_kl", "peer_cross_entropy", "peer_forward_kl"])
        #expect(log.lines.last!.loss < terms["cross_entropy"]! + 4 * terms["forward_kl"]!)
    }
}
