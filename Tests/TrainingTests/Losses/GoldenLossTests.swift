import Checkpoints
import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Signals
@testable import Training

/// Every loss against PyTorch's autograd in Float64 (`Tests/Golden/distillation/generate.py`).
@Suite struct GoldenLossTests {
    private let file: SafetensorsFile
    private let student, teacher: Tensor
    private let targets: [Int32]

    init() throws {
        file = try SafetensorsFile(contentsOf: golden("distillation/losses.safetensors"))
        student = try file.floats("student")
        teacher = try file.floats("teacher")
        targets = try file.values("targets", as: Int32.self)
    }

    @Test func filesAreThoseOfTheManifest() throws {
        struct Manifest: Decodable {
            let scriptVersion: Int
            let sha256: [String: String]
        }
        let manifest = try JSONDecoder().decode(
            Manifest.self, from: Data(contentsOf: golden("distillation/MANIFEST.json")))
        #expect(manifest.scriptVersion == 2)
        let files = try FileManager.default.contentsOfDirectory(atPath: golden("distillation").path)
        #expect(Set(files.filter { $0.hasSuffix(".safetensors") }) == Set(manifest.sha256.keys))
        for (name, expected) in manifest.sha256 {
            #expect(
                try Fingerprint(fileAt: golden("distillation/\(name)")).hexadecimal == expected, "\(name)")
        }
    }

    /// Every row through HeadLoss, with the logits as hidden states and the identity as head.
    private func expectGolden(_ loss: Loss, teacher signal: TeacherSignal?, name: String) throws {
        let width = student.width
        let identity = Tensor.zeros([width, width])
        for i in 0..<width { identity.pointer[i * width + i] = 1 }
        let expected = try file.floats(name + "/gradients").values.map(Double.init)
        let values = try file.floats(name + "/values").values.map(Double.init)
        let hidden = student.copy().requiringGradient()
        let (result, tape) = Tape.record {
            HeadLoss([WeightedLoss(loss)])(
                hidden: hidden, head: OutputHead(weight: identity), targets: targets, teacher: signal,
                scale: 1)
        }
        tape.backward(from: result.objective)
        // As in RowLossTests: 2 ulp of logarithms up to 40, T² = 4 times.
        expectClose(
            [result.objective.values[0]], [values.reduce(0, +)], relative: 5e-6, absolute: 1e-5, name)
        for row in 0..<student.rows {
            expectLogitGradient(
                Array(hidden.gradient!.values[row * width..<(row + 1) * width]),
                Array(expected[row * width..<(row + 1) * width]),
                "\(name), row \(row)")
        }
    }

    private func name(_ loss: Loss) -> String {
        let numbers = loss.kind.parameters.map {
            loss.parameters[$0.name]!.formatted(.number.locale(Locale(identifier: "en")))
        }
        return (loss.standardizesLogits ? "standardized " : "") + loss.name
            + (numbers.isEmpty ? "" : "(" + numbers.joined(separator: ",") + ")")
    }

    @Test func crossEntropy() throws {
        try expectGolden(.crossEntropy, teacher: nil, name: "cross_entropy")
    }

    @Test(arguments: everyDivergence + everyWholeLoss)
    func dense(loss: Loss) throws {
        let identity = Tensor.zeros([teacher.width, teacher.width])
        for i in 0..<teacher.width { identity.pointer[i * teacher.width + i] = 1 }
        try expectGolden(
            loss, teacher: .dense(hidden: teacher, head: OutputHead(weight: identity)),
            name: "temperature \(Int(loss.temperature))/dense/" + name(loss))
    }

    @Test(arguments: everyDivergence)
    func topK(loss: Loss) throws {
        let prefix = "temperature \(Int(loss.temperature))/top_k/"
        let ids = try file.view(prefix + "ids")
        var signal = SparseSignal(kind: .topK(k: ids.shape[1]), temperature: loss.temperature)
        signal.ids = try ids.values(as: Int32.self)
        signal.weights = try file.floats(prefix + "probabilities").values
        signal.tails = try file.floats(prefix + "tails").values
        signal.offsets = (0...ids.shape[0]).map { $0 * ids.shape[1] }
        try expectGolden(loss, teacher: .sparse(signal), name: prefix + name(loss))
    }

    @Test(arguments: [1, 2] as [Float])
    func sampled(temperature: Float) throws {
        let prefix = "temperature \(Int(temperature))/sampled/"
        let weights = try file.floats(prefix + "weights")
        var signal = SparseSignal(kind: .sampled(head: 0, draws: 12), temperature: temperature)
        signal.entropies = try file.floats(prefix + "entropies").values
        for row in 0..<weights.rows {
            for id in 0..<weights.width where weights.pointer(row: row)[id] > 0 {
                signal.ids.append(Int32(id))
                signal.weights.append(weights.pointer(row: row)[id])
            }
            signal.offsets.append(signal.ids.count)
        }
        try expectGolden(
            .forwardKL(temperature: temperature), teacher: .sparse(signal), name: prefix + "forward_kl")
    }
}
