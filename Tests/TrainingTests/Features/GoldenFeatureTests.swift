import Checkpoints
import Foundation
import Support
import TestSupport
import Tensors
import Testing

@testable import Training

/// Every feature loss against PyTorch's autograd in Float64 (`Tests/Golden/features/generate.py`).
@Suite struct GoldenFeatureTests {
    private static let segments = [0, 6, 8, 15]
    private static let rows = [1, 2, 4, 6, 9, 12, 13, 14]
    private let file: SafetensorsFile

    init() throws { file = try SafetensorsFile(contentsOf: golden("features/features.safetensors")) }

    @Test func theFileIsThatOfTheManifest() throws {
        struct Manifest: Decodable { let sha256: [String: String] }
        let manifest = try JSONDecoder().decode(
            Manifest.self, from: Data(contentsOf: golden("features/MANIFEST.json")))
        let found = try Fingerprint(fileAt: golden("features/features.safetensors")).hexadecimal
        #expect(manifest.sha256 == ["features.safetensors": found])
    }

    private func view(_ model: String, _ shape: AttentionShape) throws -> FeatureView {
        try FeatureView(
            hidden: file.floats("\(model)/hidden").copy().requiringGradient(),
            attention: (file.floats("\(model)/qkv").copy().requiringGradient(), shape),
            segments: Self.segments, rows: Self.rows)
    }

    @Test(arguments: FeatureKind.all)
    func lossAndGradients(kind: FeatureKind) throws {
        let student = try view("student", AttentionShape(heads: 4, keyValueHeads: 2, dimension: 4))
        let projector = kind.hasProjector ? try file.floats("projector").copy().requiringGradient() : nil
        let teacher = try view("teacher", AttentionShape(heads: 3, keyValueHeads: 3, dimension: 8))
        let (loss, tape) = Tape.record {
            kind.evaluate(
                FeaturePair(
                    student: student, teacher: teacher, parameters: ["relation_heads": 2],
                    projector: projector)
            ).scalar()
        }
        tape.backward(from: loss)
        // As in FeatureKindTests: sums of some hundred products, divided by lengths.
        expectClose(
            loss.values, try file.floats("\(kind.name)/loss").values.map(Double.init), relative: 1e-5,
            kind.name)
        let seen = [
            "student/hidden": student.hidden, "student/qkv": student.queryKeyValue, "projector": projector,
        ]
        for (name, tensor) in seen {
            let key = "\(kind.name)/\(name)"
            guard file.contains(key) else {
                #expect(tensor?.gradient == nil, "\(key)")
                continue
            }
            expectNear(
                try #require(tensor?.gradient).values, try file.floats(key).values.map(Double.init),
                GradientTolerance(relative: 5e-5, absolute: 2e-5, cosine: 1e-9), key)
        }
    }
}
