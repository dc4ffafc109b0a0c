import Foundation
import Recipes
import Training

extension LossKind {
    /// The squared Hellinger distance, ½ Σ (√p − √q)².
    static let hellinger = LossKind(name: "hellinger", summary: "½ Σ (√p − √q)².") { row in
        row.pointwise { p, q in
            let gap = q.squareRoot() - p.squareRoot()
            return (value: 0.5 * gap * gap, derivative: 0.5 * gap / q.squareRoot())
        }
    }
}

// Runs RECIPE, which may now name the loss, and leaves the results below RUNS.
LossKind.register(.hellinger)
let runner = RecipeRunner(
    toolVersion: "hellinger",
    runs: URL(filePath: CommandLine.arguments[2], directoryHint: .isDirectory),
    progress: { if case .finished(_, let summary) = $0 { print(summary) } })
_ = try runner.run(Plan(RecipeFile(contentsOf: CommandLine.arguments[1])))
