import Foundation
import TestSupport
import Testing

@testable import Recipes

@Suite struct EstimateTests {
    let workspace: Workspace

    init() throws { workspace = try Workspace() }

    /// What a label stage stores follows from the kind of its signal. `Tests/Estimates` holds memory and the other stages.
    @Test(arguments: ["{}", "{kind: sampled, head: 16, draws: 200}", "{kind: top_k, k: 12}"])
    func bytesOfSignals(signal: String) throws {
        let data = packageRoot.appending(path: "data")
        let lines = try String(
            contentsOf: data.appending(path: "world/heldout-text.jsonl"), encoding: .utf8
        ).split(separator: "\n").prefix(12)
        try workspace.write("data/stories.jsonl", lines.joined(separator: "\n") + "\n")
        let plan = try workspace.plan(
            """
            name: sizes
            teacher: \(data.appending(path: "teacher").path)
            stages:
              - label: {corpus: data/stories.jsonl, signal: \(signal)}

            """)
        let estimate = CostModel.usual.estimates(of: plan)[0].diskBytes
        let runs = workspace.url.appending(path: "runs", directoryHint: .isDirectory)
        _ = try RecipeRunner(toolVersion: "test", runs: runs, progress: { _ in }).run(plan)
        let shards = workspace.contents.filter { $0.contains("stages/") && $0.hasSuffix(".safetensors") }
        let bytes = try shards.reduce(0) {
            $0 + (try Data(contentsOf: workspace.url.appending(path: $1)).count)
        }
        // The number of tokens is estimated too, from the bytes of the text.
        #expect(
            abs(estimate / Double(bytes) - 1) < 0.25, "\(estimate) estimated, \(bytes) written")
    }

    @Test func theMachinesRateIsKept() throws {
        let file = workspace.url.appending(path: "cache/machine.json")
        #expect(MachineSpeed.load(from: file) == nil)
        let speed = MachineSpeed(gigaflops: 123.5, threads: 3)
        try speed.save(to: file)
        #expect(MachineSpeed.load(from: file, threads: 3) == speed)
        // A rate of other threads is another rate; one that is absurd is none.
        #expect(MachineSpeed.load(from: file, threads: 2) == nil)
        try MachineSpeed(gigaflops: 0, threads: 3).save(to: file)
        #expect(MachineSpeed.load(from: file, threads: 3) == nil)
        try workspace.write("cache/machine.json", "{")
        #expect(MachineSpeed.load(from: file, threads: 3) == nil)
    }
}
