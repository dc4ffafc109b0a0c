import Foundation
import Testing

@testable import Training

@Suite struct ScheduleTests {
    private func factors(_ schedule: Schedule, total: Int) -> [Double] {
        (0..<total).map { schedule.factor(step: $0, total: total) }
    }

    @Test(arguments: Schedule.Shape.allCases)
    func warmsUpLinearly(shape: Schedule.Shape) {
        let values = factors(Schedule(shape, warmup: 0.1, final: 0, decay: 0.2), total: 100)
        for step in 0..<10 { #expect(values[step] == Double(step + 1) / 10) }
        #expect(values[10] == 1)
        #expect(values.allSatisfy { (0...1).contains($0) })
    }

    @Test func exactValues() {
        let cosine = Schedule(.cosine, warmup: 0.2, final: 0.1)
        #expect(cosine.factor(step: 2, total: 10) == 1)
        // A quarter, half and three quarters of the way.
        for (step, progress) in [(4, 0.25), (6, 0.5), (8, 0.75)] {
            let expected = 0.1 + 0.45 * (1 + cos(.pi * progress))
            #expect((cosine.factor(step: step, total: 10) - expected).magnitude < 1e-15)
        }
        #expect((cosine.factor(step: 10, total: 10) - 0.1).magnitude < 1e-15)
        let linear = Schedule(.linear, warmup: 0, final: 0.2)
        #expect(linear.factor(step: 0, total: 8) == 1)
        #expect((linear.factor(step: 4, total: 8) - 0.6).magnitude < 1e-15)
        #expect((linear.factor(step: 8, total: 8) - 0.2).magnitude < 1e-15)
        #expect(factors(Schedule(.constant, warmup: 0), total: 5) == [1, 1, 1, 1, 1])
        let wsd = Schedule(.wsd, warmup: 0.1, final: 0.5, decay: 0.4)
        #expect(factors(wsd, total: 10) == [1, 1, 1, 1, 1, 1, 1, 0.875, 0.75, 0.625])
    }

    /// No jump is larger than the steepest slope: a warm-up step, or π/2 times the mean slope of a cosine.
    @Test(arguments: Schedule.Shape.allCases, [(0.0, 0.2), (0.05, 0.3), (0.5, 0.5), (0.7, 0.6), (1, 0.5)])
    func isContinuous(shape: Schedule.Shape, shares: (warmup: Double, decay: Double)) {
        for total in [1, 7, 1_000] {
            let schedule = Schedule(shape, warmup: shares.warmup, final: 0, decay: shares.decay)
            let values = factors(schedule, total: total)
            let warmupSteps = (shares.warmup * Double(total)).rounded()
            let falling = max(
                1,
                min(
                    shape == .wsd ? (shares.decay * Double(total)).rounded() : .infinity,
                    Double(total) - warmupSteps))
            let steepest = max(warmupSteps > 0 ? 1 / warmupSteps : 0, .pi / 2 / falling)
            for (a, b) in zip(values, values.dropFirst()) { #expect((a - b).magnitude <= steepest + 1e-12) }
            #expect(values.allSatisfy { $0 > -1e-12 && $0 <= 1 })
        }
    }

    @Test(arguments: Schedule.Shape.allCases)
    func fallsNowhereBelowItsEnd(shape: Schedule.Shape) {
        let values = factors(Schedule(shape, warmup: 0, final: 0.3, decay: 0.5), total: 50)
        #expect(values.allSatisfy { $0 >= 0.3 })
        if shape != .constant {
            #expect(values.last! < 0.33)
            #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 })
        }
    }
}
