import Foundation
import Support

/// Finds the figures a report asks for: those of the stages that a model came from.
struct FigureReader {
    let plan: Plan
    let directory: RunDirectory

    /// - Parameter evaluation: the stage that measured the model
    /// - Returns: nothing where the report asks for none; a figure that no stage of the model's has is left out
    func figures(of evaluation: StageInstance, in run: PlannedRun) -> [ModelScores.Figure]? {
        guard let asked = plan.report?.figures, !asked.isEmpty,
            case .evaluate(let stage) = evaluation.stage,
            case .stage(let address)? = evaluation.inputs[stage.models[0].target]
        else { return nil }
        let makers = ancestors(of: address)
        return asked.compactMap { label, figure in
            let maker = run.stages.lazy.map(plan.instance).first {
                $0.stage.artefact?.name == figure.artefact && makers.contains($0.address)
            }
            guard let value = maker.flatMap(directory.record)?.result.figures[figure.figure] else {
                return nil
            }
            return ModelScores.Figure(label: label, figure: figure.figure, value: value)
        }
    }

    /// The stage of an address and all whose results it is made from.
    private func ancestors(of address: Fingerprint) -> Set<Fingerprint> {
        var (found, open): (Set<Fingerprint>, [Fingerprint]) = ([], [address])
        while let next = open.popLast() {
            guard found.insert(next).inserted else { continue }
            for case .stage(let input) in plan.instance(next).inputs.values { open.append(input) }
        }
        return found
    }
}
