/// The votes of labelling functions on records, one row a record.
///
/// Equal rows are stored once: memory is a row of bytes for each combination of votes that occurs, and 4 bytes for each record.
///
///     var matrix = LabelMatrix(functions: 3)
///     matrix.append([0, nil, 1])            // the second function abstains
public struct LabelMatrix: Sendable {
    /// Number of functions, the columns.
    public let functionCount: Int
    /// The distinct rows, one after another: 0 for an abstention, else the label plus 1.
    private(set) var outcomes: [UInt8] = []
    /// How many records have each distinct row.
    private(set) var counts: [Int] = []
    /// The distinct row of each record.
    private(set) var rows: [UInt32] = []
    private var indices: [[UInt8]: UInt32] = [:]

    /// The most labels: outcomes are stored in a byte.
    public static let mostLabels = 254

    /// No records.
    ///
    /// - Parameter functions: the number of functions, at least 1
    public init(functions: Int) {
        precondition(functions > 0, "a label matrix has columns")
        functionCount = functions
    }

    /// Number of records.
    public var recordCount: Int { rows.count }

    /// Adds a record.
    ///
    /// - Parameter votes: for each function its label, from 0; nil where it abstains
    public mutating func append(_ votes: [Int?]) {
        precondition(votes.count == functionCount, "\(votes.count) votes of \(functionCount) functions")
        append(outcomes: votes.map { $0.map { UInt8($0 + 1) } ?? 0 })
    }

    /// Adds a record by its outcomes.
    mutating func append(outcomes row: [UInt8]) {
        if let index = indices[row] {
            counts[Int(index)] += 1
            rows.append(index)
            return
        }
        let index = UInt32(counts.count)
        indices[row] = index
        outcomes += row
        counts.append(1)
        rows.append(index)
    }

    /// The outcomes of a distinct row.
    func outcomes(ofRow row: Int) -> ArraySlice<UInt8> {
        outcomes[row * functionCount..<(row + 1) * functionCount]
    }

    /// The vote of a function in a distinct row; nil where it abstains.
    func vote(of function: Int, inRow row: Int) -> Int? {
        let outcome = outcomes[row * functionCount + function]
        return outcome == 0 ? nil : Int(outcome) - 1
    }

    /// For each function, how many records it gives each label.
    func votes(labels: Int) -> [[Int]] {
        var votes = [[Int]](repeating: [Int](repeating: 0, count: labels), count: functionCount)
        for (row, count) in counts.enumerated() {
            for function in 0..<functionCount {
                if let label = vote(of: function, inRow: row) { votes[function][label] += count }
            }
        }
        return votes
    }
}
