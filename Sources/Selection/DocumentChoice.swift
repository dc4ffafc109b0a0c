/// The documents chosen so far, under a budget of tokens.
struct DocumentChoice {
    let lengths: [UInt32]
    /// What is left of the budget.
    private(set) var room: Int
    private(set) var chosen: [Int] = []

    init(lengths: [UInt32], budget: Int) {
        self.lengths = lengths
        room = budget
    }

    /// Takes a document if it fits; returns whether it did.
    mutating func take(_ index: Int) -> Bool {
        guard lengths[index] <= room else { return false }
        room -= Int(lengths[index])
        chosen.append(index)
        return true
    }

    /// Takes the documents with the highest scores that fit; ties in the order of the corpus.
    mutating func takeHighest(_ scores: [Double]) {
        for index in scores.indices.sorted(by: { (scores[$1], $0) < (scores[$0], $1) }) { _ = take(index) }
    }
}
