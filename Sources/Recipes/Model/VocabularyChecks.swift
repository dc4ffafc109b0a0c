import Tokenization

/// Whether models that are compared token by token divide text alike, as far as they are on disk already.
struct VocabularyChecks {
    let decoding: Decoding

    func check(_ train: TrainStage) {
        // Where no key names it, it is that of the model that is trained.
        if let file = train.tokenizer.file(decoding),
            let problem = decoding.files.problem(with: file, as: .tokenizer)
        {
            decoding.problems.add(
                "\(train.tokenizer.name) has no tokenizer that can be used: \(problem.problem)",
                at: train.tokenizer.place, hint: "give the key tokenizer", status: problem.status)
            return
        }
        for model in [train.model, train.peer?.model].compactMap({ $0 }) { check(model, train.tokenizer) }
        let teachers = train.teachers.map(\.model) + train.corpus.compactMap(\.teacher)
        let others = teachers + [train.gradientAngle?.teacher].compactMap { $0 }
        for teacher in others where differ(teacher, train.tokenizer) {
            decoding.problems.add(
                "\(teacher.name) has another tokenizer than the student, which has that of \(train.tokenizer.name)",
                at: teacher.place,
                hint:
                    "models that train together share one; let the teacher write (generate), and train on its text"
            )
        }
    }

    /// Signals are of the teacher's tokens, which are the student's too.
    func check(_ signals: Reference, of label: LabelStage, in train: TrainStage) {
        guard differ(label.model, train.tokenizer) else { return }
        decoding.problems.add(
            "\"\(signals.name)\" is labelled by \(label.model.name), which has another tokenizer than the student, "
                + "that of \(train.tokenizer.name)", at: signals.place,
            hint: "let the teacher write (generate), and train on its text")
    }

    /// A model that training goes on from has the tokenizer that it is trained with, or at least room for its pieces.
    private func check(_ model: ModelSettings, _ tokenizer: Reference) {
        guard case .checkpoint(let reference) = model.origin, reference.target != tokenizer.target else {
            return
        }
        if differ(reference, tokenizer) {
            decoding.problems.add(
                "\(reference.name) has another tokenizer than \(tokenizer.name)", at: reference.place,
                hint: "leave the key tokenizer out, or begin from a model that has it")
        } else if let pieces = tokenizer.tokenizer(decoding)?.vocabularySize,
            let rows = reference.modelConfiguration(decoding)?.vocabularySize, pieces > rows
        {
            decoding.problems.add(
                "\(reference.name) has a vocabulary of \(rows), the tokenizer \(tokenizer.name) one of \(pieces)",
                at: reference.place, hint: "give the tokenizer that the model was trained with")
        }
    }

    func check(_ evaluate: EvaluateStage) {
        guard !evaluate.agreement.isEmpty, let teacher = evaluate.teacher else { return }
        for model in evaluate.models where differ(model.reference, teacher) {
            decoding.problems.add(
                "\(model.reference.name) has another tokenizer than the teacher, \(teacher.name)",
                at: model.reference.place, hint: "agreement is measured token by token: take it away")
        }
    }

    func check(_ select: SelectStage) {
        guard let model = select.model, let small = select.small, differ(small, model) else { return }
        decoding.problems.add(
            "\(small.name) has another tokenizer than the model it is compared with, \(model.name)",
            at: small.place, hint: "train it with the model's tokenizer")
    }

    private func differ(_ one: Reference, _ other: Reference) -> Bool {
        guard one.target != other.target, let one = one.tokenizer(decoding),
            let other = other.tokenizer(decoding)
        else { return false }
        return !one.hasSameIDs(as: other)
    }
}
