import Support
import Testing

@testable import Corpora

/// Situations that users of label models have reported, with votes of our own.
@Suite struct ReportedSituationTests {
    /// Records with a hidden label, and votes made of it.
    private func matrix(
        functions: Int, records: Int = 3000, seed: UInt64,
        _ votes: (_ label: Int, _ random: inout RandomStream) -> [Int?]
    ) -> LabelMatrix {
        var matrix = LabelMatrix(functions: functions)
        var random = RandomStream(seed: seed, purpose: "votes")
        for _ in 0..<records {
            let label = random.nextUniformDouble() < 0.5 ? 0 : 1
            matrix.append(votes(label, &random))
        }
        return matrix
    }

    private func rows(_ matrix: LabelMatrix, _ isWanted: ([Int?]) -> Bool) -> [Int] {
        matrix.counts.indices.filter { row in
            isWanted((0..<matrix.functionCount).map { matrix.vote(of: $0, inRow: row) })
        }
    }

    /// Five functions of high coverage and many conflicts: what all of them say was labelled as the opposite.
    @Test func unanimousVotesAreBelieved() {
        let coverage = [0.71, 0.88, 0.87, 0.83, 0.45]
        let accuracy = [0.7, 0.65, 0.68, 0.75, 0.7]
        let matrix = matrix(functions: 5, seed: 1) { label, random in
            zip(coverage, accuracy).map { coverage, accuracy in
                guard random.nextUniformDouble() < coverage else { return nil }
                return random.nextUniformDouble() < accuracy ? label : 1 - label
            }
        }
        let model = LabelModel(fitting: matrix, labels: 2)
        for label in 0..<2 {
            let unanimous = rows(matrix) {
                $0.compactMap { $0 }.count > 2 && $0.allSatisfy { $0 ?? label == label }
            }
            #expect(unanimous.count > 10)
            for row in unanimous { #expect(Array(model.probabilities(ofRow: row))[label] > 0.8) }
        }
    }

    /// Functions that vote for one label and go off together, where the others abstain: their records were given the other label.
    @Test func aBlockOfVotesForOneLabelIsNotTakenForTheOther() {
        let matrix = matrix(functions: 9, seed: 2) { label, random in
            // Where the first three look, the others do not.
            let isFirstKind = random.nextUniformDouble() < 0.6
            let isTriggered = !isFirstKind && random.nextUniformDouble() < (label == 0 ? 0.8 : 0.3)
            return (0..<9).map { function in
                guard random.nextUniformDouble() < 0.9 else { return nil }
                if function < 3 {
                    return isFirstKind ? (random.nextUniformDouble() < 0.75 ? label : 1 - label) : nil
                }
                return isTriggered ? 0 : nil
            }
        }
        for balance in [[0.5, 0.5], nil] {
            let model = LabelModel(fitting: matrix, labels: 2, classBalance: balance)
            let block = rows(matrix) { $0.prefix(3).allSatisfy { $0 == nil } && $0.contains(0) }
            #expect(!block.isEmpty)
            for row in block {
                let votes = matrix.outcomes(ofRow: row).count { $0 == 1 }
                guard votes == 6 else { continue }
                #expect(Array(model.probabilities(ofRow: row))[0] > 0.5)
            }
        }
    }

    /// Votes for one label alone gave both the same probability.
    @Test func votesForOneLabelAreNoTie() {
        let matrix = matrix(functions: 4, seed: 3) { label, random in
            (0..<4).map { function in
                let rate = label == function % 2 ? 0.3 : 0.05
                return random.nextUniformDouble() < rate ? function % 2 : nil
            }
        }
        let model = LabelModel(fitting: matrix, labels: 2)
        for label in 0..<2 {
            let rows = rows(matrix) { $0.contains(label) && !$0.contains(1 - label) }
            #expect(!rows.isEmpty)
            for row in rows { #expect(Array(model.probabilities(ofRow: row))[label] > 0.6) }
        }
    }
}
