import Foundation
import Support
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@testable import Reports

@Suite struct ReportTests {
    private func scores(_ model: String, kl: Double) -> ModelScores {
        ModelScores(
            model: model, parameters: 1_048_000, bytes: 4 << 20,
            perplexity: MeasuredValue(12.345, standardError: 0.123),
            kl: MeasuredValue(kl, standardError: 0.01), agreement: MeasuredValue(0.815, standardError: 0.004),
            tasks: [
                .init(label: "seen <b>", accuracy: MeasuredValue(0.9, standardError: 0.015), questions: 400)
            ],
            tokensPerSecond: 1234.5)
    }

    private func run(_ variant: String?, seed: UInt64?, kl: Double) -> ReportData.Run {
        let name = "\(variant ?? "")\(seed ?? 0)"
        return ReportData.Run(
            variant: variant, seed: seed,
            models: [
                .init(scores: scores("teacher", kl: 0), cacheKey: Fingerprint(hashing: "teacher")),
                .init(scores: scores("student", kl: kl), cacheKey: Fingerprint(hashing: name)),
            ],
            curves: [
                .init(name: name, points: (0..<2000).map { .init(x: Double($0), y: 5 / Double($0 + 1)) })
            ])
    }

    private func data(_ runs: [ReportData.Run], study: StudySummary? = nil) -> ReportData {
        ReportData(
            title: "A & B <script>alert('x')</script>", description: "one | two\nthree", toolVersion: "0.1",
            seed: 1,
            stages: [.init(label: "train student", seconds: 185, summary: "loss 2.5")], runs: runs,
            study: study)
    }

    @Test func htmlIsWellFormedAndSelfContained() throws {
        let text = HTMLReport(data([run(nil, seed: nil, kl: 0.25)])).text
        let body = text.replacing("<!DOCTYPE html>", with: "")
        let parser = XMLParser(data: Data(body.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(!text.contains("<script"))
        #expect(!text.contains("http"))
        #expect(text.contains("A &amp; B &lt;script&gt;"))
        #expect(text.contains("prefers-color-scheme: dark"))
        #expect(text.contains("<polyline"))
        // A curve is no finer than the screen.
        let points = try #require(text.firstMatch(of: /points="([^"]*)"/)?.1)
        #expect(points.split(separator: " ").count == 640)
    }

    @Test func markdownCannotBeBrokenByNames() {
        let text = MarkdownReport(data([run(nil, seed: nil, kl: 0.25)])).text
        #expect(text.contains("# A \\& B \\<script\\>"))
        #expect(text.contains("one \\| two three"))
        #expect(
            text.contains(
                "| student | 1.05 M | 4.00 MiB | 12.35 ± 0.12 | 0.250 ± 0.010 | 81.5 ± 0.4 % | 90.0 ± 1.5 % | 1234 |"
            ))
        #expect(text.contains("| train student | 3 min 05 s | loss 2.5 |"))
    }

    /// The spread of equal values is rounding, and decides no decimals.
    @Test(arguments: [
        (52.383383, 1e-14, "52.4 ± 0.0"), (1e-7, 2.2e-5, "0.000000 ± 0.000022"), (0, 0, "0.00000 ± 0.00000"),
    ])
    func theErrorDecidesTheDecimals(_ value: Double, _ error: Double, _ text: String) {
        let column = ScoreColumn(key: "x", title: "x", style: .decimal) { _ in nil }
        #expect(column.text(.init(value, standardError: error)) == text)
    }

    @Test func terminalTablesAreAligned() {
        let lines = data([run(nil, seed: nil, kl: 0.25)]).terminalText(colour: false).split(separator: "\n")
        #expect(lines.count == 3)
        #expect(Set(lines.map(\.count)).count == 1)
        #expect(data([run(nil, seed: nil, kl: 0.25)]).terminalText(colour: true).hasPrefix("\u{1B}[1m"))
    }

    /// One run counted twice, since the stage has a seed of its own, shows nothing about chance.
    @Test func seedsThatChangeNothingProveNothing() throws {
        let runs = [
            run("base", seed: 1, kl: 0.3), run("base", seed: 2, kl: 0.3), run("good", seed: 1, kl: 0.2),
            run("good", seed: 2, kl: 0.2),
        ]
        let study = try #require(StudySummary(runs: runs, verdict: nil))
        #expect(
            study.sentences.first?.hasSuffix(
                "Better, and the seeds changed neither: how much of it is chance is not known.") == true)
    }

    @Test func aStudySaysWhatIsBetter() throws {
        let runs = [
            run("base", seed: 1, kl: 0.30), run("base", seed: 2, kl: 0.32), run("base", seed: 3, kl: 0.31),
            run("good", seed: 1, kl: 0.20), run("good", seed: 2, kl: 0.21), run("good", seed: 3, kl: 0.22),
            run("same", seed: 1, kl: 0.31), run("same", seed: 2, kl: 0.31), run("same", seed: 3, kl: 0.31),
        ]
        let study = try #require(StudySummary(runs: runs, verdict: nil))
        #expect(study.rows.map(\.name) == ["teacher", "base: student", "good: student", "same: student"])
        #expect(study.rows[0].values["kl"] == [MeasuredValue(0, standardError: 0.01)])
        // Differences -0.10, -0.11, -0.09: mean -0.1, deviation 0.01, error 0.01/√3.
        #expect(
            study.sentences[0]
                == "KL to teacher of good and of the baseline base: 0.210 ± 0.010 against 0.310 ± 0.010. "
                + "Better: -0.1000 ± 0.0058 a seed (standard error), better with 3 of 3 seeds.")
        #expect(study.sentences[1].contains("No clear difference"))
        let text = HTMLReport(data(runs, study: study)).text
        #expect(XMLParser(data: Data(text.replacing("<!DOCTYPE html>", with: "").utf8)).parse())
    }

    /// Metrics of stages stand in columns of their own; the held-out loss stands there when the verdict is about it.
    @Test func metricsAndTheHeldOutLoss() throws {
        func run(_ variant: String, seed: UInt64, bytes: Double, loss: Double) -> ReportData.Run {
            var run = self.run(variant, seed: seed, kl: 0.3)
            run.models[1].scores.metrics = [
                .init(label: "bytes a token", metric: "bytes_per_position", value: bytes),
                .init(label: "speed", metric: "tokens_per_second", value: 51_234.5),
            ]
            run.models[1].scores.loss = MeasuredValue(loss)
            return run
        }
        let runs = [
            run("base", seed: 1, bytes: 200, loss: 1.5), run("base", seed: 2, bytes: 200, loss: 1.6),
            run("small", seed: 1, bytes: 30, loss: 1.4), run("small", seed: 2, bytes: 32, loss: 1.5),
        ]
        let data = data(
            runs, study: StudySummary(runs: runs, verdict: Verdict(metric: "loss", baseline: "base")))
        let table = data.scoreTable
        #expect(table[0].suffix(3) == ["tokens/s", "bytes a token", "speed"])
        #expect(table[0].contains("held-out loss"))
        #expect(table[1].suffix(2) == ["–", "–"], "no stage of the study made the teacher")
        #expect(table[3].suffix(2) == ["31.0 ± 1.4", "51234"])
        #expect(try #require(data.study?.sentences.first).contains("held-out loss of small"))
        let bytes = StudySummary(runs: runs, verdict: Verdict(metric: "bytes a token"))
        #expect(try #require(bytes?.sentences.first).contains("Better"))
        #expect(
            try #require(StudySummary(runs: runs, verdict: nil)).table[0].contains("held-out loss") == false)
    }

    /// Faults found, line 26: with one seed the error of the measurement is all that is known, and it is shown.
    @Test func oneSeedIsNoEvidence() throws {
        let runs = [run("a", seed: nil, kl: 0.3), run("b", seed: nil, kl: 0.2)]
        let study = try #require(StudySummary(runs: runs, verdict: nil))
        #expect(
            study.sentences == [
                "KL to teacher of b and of the baseline a: 0.200 ± 0.010 against 0.300 ± 0.010. "
                    + "Better, with one seed: how much of it is chance is not known."
            ])
        let data = data(runs, study: study)
        #expect(data.tableNote == "± is the standard error of the measurement.")
        #expect(data.scoreTable[2].contains("0.200 ± 0.010") || data.scoreTable[3].contains("0.200 ± 0.010"))
        let three = [1, 2, 3].map { run("a", seed: $0, kl: 0.3 + 0.01 * Double($0)) }
        // The teacher is measured once, and keeps its own error.
        let several = try #require(StudySummary(runs: three, verdict: nil))
        #expect(
            several.note
                == "± is the standard deviation over the seeds, and of a model measured once the standard error of the measurement."
        )
    }

    @Test func spreadIsTheSampleDeviation() throws {
        let spread = try #require(StudySummary.spread([1.0, 2, 3, 4]))
        #expect(spread.value == 2.5)
        #expect(abs(try #require(spread.standardError) - (5.0 / 3).squareRoot()) < 1e-12)
        #expect(StudySummary.spread([Double]()) == nil)
        #expect(StudySummary.spread([MeasuredValue]()) == nil)
    }

    @Test(arguments: [(0.0, 1.0, 6), (0.0, 7.3, 4), (2.0, 2.0, 1), (0.001, 0.0042, 4)])
    func ticksAreRoundAndInside(low: Double, high: Double, count: Int) {
        let ticks = AxisScale.ticks(from: low, to: high)
        #expect(ticks.count == count)
        #expect(ticks.allSatisfy { $0 >= low - 1e-12 && $0 <= high + 1e-12 })
    }

    @Test(arguments: [
        (0, "0.0 s"), (4.24, "4.2 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"),
        (7800, "2 h 10 min"), (1e300, "277777777 h 46 min"),
    ])
    func durationsAreReadable(seconds: Double, text: String) { #expect(durationText(seconds) == text) }
}
