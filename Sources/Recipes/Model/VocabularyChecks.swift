import Checkpoints
import Foundation
import Tokenization

/// Whether the student and the teachers of a training divide text alike, as far as they are on disk already.
struct VocabularyChecks {
    let decoding: Decoding

    func check(_ train: TrainStage) {
        guard decoding.checksFiles, let own = decoding.tokenizer ?? decoding.teacher else { return }
        let others = (train.teachers.map(\.model) + train.corpus.compactMap(\.teacher)).filter {
            $0.target != own.target
        }
        guard !others.isEmpty, let tokenizer = tokenizer(of: own) else { return }
        for teacher in others {
            guard let other = self.tokenizer(of: teacher), !other.hasSameIDs(as: tokenizer) else { continue }
            decoding.problems.add(
                "\(teacher.name) has another tokenizer than the student, which has that of \(own.name)",
                at: teacher.place,
                remedy:
                    "models that train together share one; let the teacher write (generate), and train on its text"
            )
        }
    }

    private func tokenizer(of reference: Reference) -> Tokenizer? {
        guard case .file(let path) = reference.target, !path.isEmpty else { return nil }
        return try? Checkpoint.textForm(at: URL(filePath: path, relativeTo: decoding.directory)).tokenizer
    }
}
