import ArgumentParser
import Evaluation
import Foundation

extension Benchmark.Part: ExpressibleByArgument {}

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure training, distillation, labelling and decoding on this machine.",
        discussion: """
            EXAMPLES
              distill bench                                every part, and the sgemm peak of the same process
              distill bench --part train --json            one part alone, so that its peak memory is its own
              distill bench --part kd --vocabulary 131072  what a large vocabulary costs
            """)

    @Option(help: "Run one part alone.")
    var part: Benchmark.Part?
    @Option(help: "Runs of each part; the median counts.")
    var runs = 5
    @Option(help: "Pieces of the vocabulary.")
    var vocabulary = 8192
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs \(runs) is not positive") }
        guard (64...1_048_576).contains(vocabulary) else {
            throw ValidationError("--vocabulary \(vocabulary) is not within 64 and 1,048,576")
        }
    }

    func run() throws {
        let benchmark = Benchmark(vocabulary: vocabulary, runs: runs)
        let peak = Benchmark.sgemmPeak()
        var parts: [String: Benchmark.Result] = [:]
        if !json { print(String(format: "sgemm peak %.0f GFLOP/s", peak)) }
        for part in part.map({ [$0] }) ?? Benchmark.Part.allCases {
            let result = try benchmark.run(part, peak: peak)
            parts[part.rawValue] = result
            if !json {
                print(
                    String(
                        format: "%@ %9.0f tokens/s %5.0f%% of peak %6d MiB", part.rawValue.padded(to: 8),
                        result.tokensPerSecond, 100 * result.fractionOfPeak, result.peakRssMib))
            }
        }
        if json {
            struct Report: Encodable {
                let sgemmPeakGflops: Double
                let parts: [String: Benchmark.Result]
            }
            try printJSON(Report(sgemmPeakGflops: peak, parts: parts))
        }
    }
}

extension String {
    func padded(to width: Int) -> String { padding(toLength: max(width, count), withPad: " ", startingAt: 0) }
}
