import TestSupport
import Testing

@testable import Evaluation

/// The expected calibration error bin by bin, as its formula reads.
func plainCalibrationError(_ predictions: [(confidence: Double, isRight: Bool)]) -> Double {
    (0..<15).reduce(0.0) { sum, bin in
        let inside = predictions.filter {
            $0.confidence > Double(bin) / 15 && $0.confidence <= Double(bin + 1) / 15
        }
        guard !inside.isEmpty else { return sum }
        let count = Double(inside.count)
        let right = Double(inside.count { $0.isRight }) / count
        let confidence = inside.reduce(0.0) { $0 + $1.confidence } / count
        return sum + count / Double(predictions.count) * abs(right - confidence)
    }
}

@Suite struct CalibrationTests {
    private func error(_ predictions: [(Double, Bool)]) -> Double {
        var calibration = Calibration()
        for (confidence, isRight) in predictions {
            calibration.add(confidence: Float(confidence), isRight: isRight)
        }
        return calibration.error
    }

    @Test func aModelThatMeansWhatItSays() {
        // Of four predictions at 75% three are right; sure ones always are.
        #expect(error([(0.75, true), (0.75, true), (0.75, false), (0.75, true), (1, true), (1, true)]) == 0)
        #expect(error([]) == 0)
    }

    @Test func sureAndWrong() {
        #expect(error([(1, false), (1, false)]) == 1)
        // Over- and underconfidence of one bin cancel; of two bins they add up.
        expectClose([Float(error([(0.5, true), (0.5, false)]))], [0])
        expectClose([Float(error([(0.5, true), (0.9, false)]))], [(0.5 + 0.9) / 2])
    }

    @Test func againstTheFormula() {
        let draws = Fixture.normal(2_000, seed: 4).map { Double($0) }
        let predictions = draws.enumerated().map { index, draw in
            (confidence: Double(Float(1 / (1 + abs(draw)))), isRight: index % 3 > 0)
        }
        expectClose(
            [Float(error(predictions.map { ($0.confidence, $0.isRight) }))],
            [plainCalibrationError(predictions)], relative: 1e-6)
    }
}
