import ArgumentParser
import Checkpoints
import Evaluation
import Foundation
import Recipes
import Support

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure training, distillation, labelling and decoding on this machine.",
        discussion: """
            Rates are medians, compared with the sgemm peak measured in the same process before and after. The peak is kept in the \
            user's cache directory: the estimates of distill run --dry-run and distill init use it.

            EXAMPLES
              distill bench                                every part at the reference shapes
              distill bench --part train --json            one part alone, for its own peak memory
              distill bench --part kd --vocabulary 131072  the cost of a large vocabulary
              distill bench --part train --sequences 64    the cost of more tokens per step
              distill bench data/teacher                   a checkpoint: label, prefill, decode
              distill bench --json > old.json              a baseline for a later comparison
              distill bench --compare old.json
            """)

    @Argument(help: "A model to measure instead of the reference shapes.", completion: .directory)
    var model: String?
    @Option(
        help:
            "Run one part: train, kd, kd_top_k, kd_sampled, label or decode; with a model label, prefill or \"decode N\"."
    )
    var part: String?
    @Option(help: "Runs of each part; the median is reported.")
    var runs = 5
    @Option(help: "Vocabulary size of the reference shapes.")
    var vocabulary = 8192
    @Option(help: "Layers of the reference student.")
    var layers = 6
    @Option(help: "Sequences per training or labelling step.")
    var sequences = 8
    @Option(help: "Tokens per sequence.")
    var context = 256
    @Option(
        help: ArgumentHelp("Print ratios to the rates in this file, which --json wrote.", valueName: "file"))
    var compare: String?
    @Flag(help: "Print the results as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs \(runs) is not positive") }
        guard (64...1_048_576).contains(vocabulary) else {
            throw ValidationError("--vocabulary \(vocabulary) is not within 64 and 1,048,576")
        }
        guard (1...512).contains(layers) else {
            throw ValidationError("--layers \(layers) is not within 1 and 512")
        }
        guard (1...65_536).contains(sequences) else {
            throw ValidationError("--sequences \(sequences) is not within 1 and 65,536")
        }
        guard (2...1_048_576).contains(context) else {
            throw ValidationError("--context \(context) is not within 2 and 1,048,576")
        }
    }

    func run() throws {
        try general.running {
            let old = try compare.map(Self.report)
            let suite: any BenchmarkSuite =
                try model.map {
                    try ModelBenchmark(
                        Checkpoint.load(general.model($0)).decoder, context: context, runs: runs)
                }
                ?? ReferenceBenchmark(
                    vocabulary: vocabulary, layers: layers, sequences: sequences, context: context, runs: runs
                )
            if let part, !suite.parts.contains(part) {
                throw UserError(
                    "there is no part \(part)", hint: "give one of \(suite.parts.joined(separator: ", "))",
                    status: .usage)
            }
            var report = BenchmarkReport(model: model)
            for part in part.map({ [$0] }) ?? suite.parts {
                let result = try suite.run(part)
                report.parts[part] = result
                if !json { try Console.print(Self.line(part, result, old: old?.parts[part])) }
            }
            // Estimates of later runs use it. They do without where it cannot be kept.
            let peaks = report.parts.values.map(\.sgemmPeakGflops).sorted()
            if !peaks.isEmpty { try? MachineSpeed(gigaflops: peaks[peaks.count / 2]).save() }
            if json { try printJSON(report) }
        }
    }

    private static func line(_ part: String, _ result: BenchmarkResult, old: BenchmarkResult?) -> String {
        let line = String(
            format: "%@ %9.0f tokens/s %5.0f%% of sgemm's %.0f GFLOP/s %6d MiB",
            part.padding(toLength: max(10, part.count), withPad: " ", startingAt: 0),
            result.tokensPerSecond, 100 * result.fractionOfPeak, result.sgemmPeakGflops, result.peakRssMib)
        guard let old else { return line }
        return line
            + String(
                format: "   %.2f× the rate, %.2f× the memory", result.tokensPerSecond / old.tokensPerSecond,
                Double(result.peakRssMib) / Double(max(old.peakRssMib, 1)))
    }

    private static func report(_ path: String) throws -> BenchmarkReport {
        let data = try ConfigurationFile.read(URL(filePath: path))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let report = try? decoder.decode(BenchmarkReport.self, from: data) else {
            throw UserError("is not a report of `distill bench --json`", file: path)
        }
        return report
    }
}
