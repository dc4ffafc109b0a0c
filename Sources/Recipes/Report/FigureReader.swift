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
            let input = evaluation.inputs[stage.models[0].reference.target]
        else { return nil }
        let makers = ancestors(of: input)
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

    /// Tokens that the model was trained on by the stage that made it; nil for one that no stage of the run trained.
    func trainedTokens(of evaluation: StageInstance) -> Int? {
        guard case .evaluate(let stage) = evaluation.stage,
            let input = evaluation.inputs[stage.models[0].reference.target]
        else { return nil }
        switch input {
        case .file: return nil
        case .stage(let address), .second(let address):
            let maker = plan.instance(address)
            guard maker.stage.kind == .train else { return nil }
            return directory.record(of: maker)?.result.figures["tokens"].map { Int($0) }
        }
    }

    /// The stage that made an input, and all whose results it is made from.
    private func ancestors(of input: StageInstance.Input) -> Set<Fingerprint> {
        var (found, open): (Set<Fingerprint>, [StageInstance.Input]) = ([], [input])
        while let next = open.popLast() {
            switch next {
            case .file: continue
            case .stage(let address), .second(let address):
                if found.insert(address).inserted { open += plan.instance(address).inputs.values }
            }
        }
        return found
    }
}
