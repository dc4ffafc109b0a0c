import Checkpoints
import Foundation
import Tokenization

/// Whether the student and the teachers of a training divide text alike, as far as they are on disk already.
struct VocabularyChecks {
    let decoding: Decoding

    func check(_ train: TrainStage) {
        guard let own = decoding.tokenizer ?? decoding.teacher, let file = own.file(decoding) else { return }
        let others = (train.teachers.map(\.model) + train.corpus.compactMap(\.teacher)).filter {
            $0.target != own.target && $0.file(decoding) != nil
        }
        guard !others.isEmpty, let tokenizer = tokenizer(at: file) else { return }
        for teacher in others {
            guard let other = teacher.file(decoding).flatMap({ self.tokenizer(at: $0) }),
                !other.hasSameIDs(as: tokenizer)
            else { continue }
            decoding.problems.add(
                "\(teacher.name) has another tokenizer than the student, which has that of \(own.name)",
                at: teacher.place,
                remedy:
                    "models that train together share one; let the teacher write (generate), and train on its text"
            )
        }
    }

    private func tokenizer(at url: URL) -> Tokenizer? { try? Checkpoint.textForm(at: url).tokenizer }
}
