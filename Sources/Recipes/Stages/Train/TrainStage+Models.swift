import RecipeSchema
import Support
import Tokenization
import Training

/// Checks of a training against the models and stages around it.
extension TrainStage {
    func check(_ facts: RecipeFacts, at index: Int) {
        checkLayers(facts)
        checkTokenizers(facts)
        checkSignals(facts, at: facts.stages[index].location)
        checkStoredSignals(facts)
    }

    /// Whether exits and features fit the models. A model of which nothing is known yet is checked when the stage begins.
    private func checkLayers(_ facts: RecipeFacts) {
        let shape = model.configuration(tokenizer: tokenizer, facts)
        if let shape { exits?.check(layers: shape.layers, facts.context) }
        for trained in [model, peerModel].compactMap({ $0 }) {
            guard let reference = trained.beginning,
                let shape = trained.configuration(tokenizer: tokenizer, facts),
                let problem = shape.trainingProblem
            else { continue }
            facts.problems.add(
                "\(reference.name) cannot be trained: \(problem)", at: reference.location,
                hint: shape.trainingHint)
        }
        // Features compare with the first of several teachers.
        let shapes = [shape, teachers.first.flatMap { facts.configuration(of: $0.model) }]
        let widths = Set(shapes.flatMap { $0?.attentionWidths ?? [] })
        for feature in features {
            do throws(UserError) {
                if let shape { try feature.feature.checkLayers(of: shape.layers) }
                try feature.feature.checkRelationHeads(dividing: widths)
            } catch {
                facts.problems.add(error.problem, at: feature.location, hint: error.hint)
            }
        }
    }

    /// Whether all models that are compared token by token share a tokenizer, as far as they are on disk already.
    private func checkTokenizers(_ facts: RecipeFacts) {
        // Where no key names it, it is that of the model that is trained.
        if let file = tokenizer.file(facts.context),
            let problem = facts.context.files.problem(with: file, as: .tokenizer)
        {
            facts.problems.add(
                "\(tokenizer.name) has no tokenizer that can be used: \(problem.problem)",
                at: tokenizer.location, hint: "give the key tokenizer", status: problem.status)
            return
        }
        for model in [model, peerModel].compactMap({ $0 }) { check(model, facts) }
        let others = teachers.map(\.model) + corpus.compactMap(\.teacher)
        for teacher in others + [gradientAngle?.teacher].compactMap({ $0 }) {
            switch facts.comparison(of: tokenizer, with: teacher) {
            case .unknown: break
            case .unrelated:
                facts.problems.add(
                    "\(teacher.name) has another tokenizer than the student, which has that of \(tokenizer.name)",
                    at: teacher.location,
                    hint:
                        "they may differ in added tokens alone; let the teacher write (generate), and train on its text"
                )
            case .match(let match):
                guard let loss = losses.first(where: \.comparesLogits), !match.missing.isEmpty else { break }
                facts.problems.add(
                    Self.missingLogits(loss, teacher, pieces: match.missing.count), at: loss.location,
                    hint: Self.lossHint)
            }
        }
    }

    static let lossHint = "use a loss of probabilities, such as forward_kl"

    static func missingLogits(_ loss: LossSettings, _ teacher: Reference, pieces: Int) -> String {
        "\(loss.kind.name) compares logits, and \(teacher.name) has none for \(pieces) of the student's pieces"
    }

    /// Checks that the initial checkpoint has the tokenizer it is trained with, or at least an embedding row for each piece.
    private func check(_ model: ModelSettings, _ facts: RecipeFacts) {
        guard case .checkpoint(let reference) = model.origin, reference.target != tokenizer.target else {
            return
        }
        if facts.tokenizersDiffer(reference, tokenizer) {
            facts.problems.add(
                "\(reference.name) has another tokenizer than \(tokenizer.name)", at: reference.location,
                hint: "leave the key tokenizer out, or begin from a model that has it")
        } else if let pieces = tokenizer.tokenizer(facts.context)?.vocabularySize,
            let rows = reference.modelConfiguration(facts.context)?.vocabularySize, pieces > rows
        {
            facts.problems.add(
                "\(reference.name) has a vocabulary of \(rows), the tokenizer \(tokenizer.name) one of \(pieces)",
                at: reference.location, hint: "give the tokenizer that the model was trained with")
        }
    }
}
