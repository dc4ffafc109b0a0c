import Foundation
import TestSupport
import Tensors
import Testing

/// The tests' own tools: above all that they do report what is wrong.
@Suite struct TestSupportTests {
    private func fails(_ body: () -> Void) {
        withKnownIssue { body() }
    }

    @Test func closeness() {
        #expect(expectClose([1, 2, .infinity, .nan], [1 + 1e-6, 2, .infinity, .nan]))
        #expect(expectClose([1e-9], [0]))
        fails { expectClose([1], [1.0001]) }
        fails { expectClose([1], [1, 2]) }
        fails { expectClose([.nan], [1]) }
        fails { expectClose([1], [.nan]) }
        fails { expectClose([.infinity], [-.infinity]) }
        fails { expectClose([0, 1, 0], [0, 0, 0]) }
        fails { expectClose(Tensor.zeros([2, 3]), Tensor.zeros([3, 2])) }
        fails { expectSameBits([0], [-0.0]) }
        fails { expectSameBits([0], []) }
    }

    @Test func wrongGradientsAreFound() {
        func square(derivative: @escaping (Float) -> Float) -> ([Tensor]) -> Tensor {
            { inputs in
                let x = inputs[0]
                let y = Tensor(shape: x.shape, values: x.values.map { $0 * $0 })
                Tape.append(output: y, inputs: [x]) { dy in
                    let values = zip(x.values, dy.values).map { derivative($0) * $1 }
                    x.gradientSlot?.adopt(Tensor(shape: x.shape, values: values))
                }
                return y
            }
        }
        func check(
            _ derivative: @escaping (Float) -> Float, value: @escaping (Double) -> Double = { $0 * $0 }
        ) {
            expectGradient(
                shapes: [[4]], operation: square(derivative: derivative), reference: { $0[0].map(value) })
        }
        check { 2 * $0 }
        fails { check { 2.001 * $0 } }
        fails { check { -2 * $0 } }
        fails { check { _ in .nan } }
        fails { check({ 2 * $0 }, value: { $0 * $0 + 1 }) }
    }

    @Test func writesOutsideAreFound() {
        #expect(guarded(2) { $0[0] = 1 }.last!.isNaN)
        fails { _ = guarded(2) { $0[2] = 1 } }
        fails { _ = guarded(2) { $0[-1] = 1 } }
    }

    @Test func halfFormats() {
        #expect(Reference.HalfFormat.bfloat16.value(0x3F80) == 1)
        #expect(Reference.HalfFormat.bfloat16.value(0x7F7F) == 3.3895313892515355e38)
        #expect(Reference.HalfFormat.float16.value(0x7BFF) == 65_504)
        #expect(Reference.HalfFormat.float16.value(0x0001) == 0x1p-24)
        #expect(Reference.HalfFormat.float16.nearest(65_520) == .infinity)
        #expect(Reference.HalfFormat.float16.nearest(65_519) == 65_504)
        #expect(Reference.ulps(1 + Float(0x1p-23), 1) == 1)
    }

    @Test func temporaryDirectoriesGo() throws {
        struct Failure: Error {}
        var place: URL?
        #expect(throws: Failure.self) {
            try withTemporaryDirectory { directory in
                place = directory
                try Data("x".utf8).write(to: directory.appending(path: "file"))
                throw Failure()
            }
        }
        #expect(!FileManager.default.fileExists(atPath: try #require(place).path))
    }

    @Test func commandsRun() throws {
        let shell = URL(filePath: "/bin/sh")
        let run = try CommandRun.run(
            shell, arguments: ["-c", "cat; echo $WORD >&2; exit 65"], environment: ["WORD": "hello"],
            input: "in\n")
        #expect(run.standardOutput == "in\n" && run.standardError == "hello\n")
        #expect(run.status == 65 && !run.wasSignalled && !run.timedOut)

        // More than a pipe holds, and input that nobody reads.
        let large = try CommandRun.run(
            shell, arguments: ["-c", "head -c 1000000 /dev/zero"],
            input: String(repeating: "x", count: 10))
        #expect(large.standardOutput.utf8.count == 1_000_000 && large.status == 0)

        let slow = try CommandRun.run(shell, arguments: ["-c", "exec sleep 60"], timeout: 0.2)
        #expect(slow.timedOut && slow.wasSignalled && slow.status == SIGTERM, "\(slow)")

        // Deaf to SIGTERM, and with a child that outlives it.
        let deaf = try CommandRun.run(
            shell, arguments: ["-c", "trap '' TERM; sleep 9"], timeout: 0.2)
        #expect(deaf.timedOut && deaf.wasSignalled && deaf.status == SIGKILL && deaf.seconds < 20)
    }
}
