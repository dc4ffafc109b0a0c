/// Sums of a score over the items of a measurement (the windows of a text, the questions of a task), in order, so that two
/// models can be compared item by item.
///
/// At most 1,024 sums are stored: with more items, neighbours are added up. How they are grouped depends on their number
/// alone, so sums of the same items stay comparable.
public struct ItemSums: Equatable, Sendable {
    /// Sums of the score, one per group of items.
    public private(set) var sums: [Double] = []
    /// The number of observations in each sum: tokens, or 1 for a question.
    public private(set) var counts: [Int] = []
    /// Items in each group but the last.
    private var width = 1
    /// Items in the last group.
    private var open = 0

    /// Enough that an error estimated from them is known to 2%, 1/√(2n); 16 KB of a file.
    static let capacity = 1024

    /// No items.
    public init() {}

    init(sums: [Double], counts: [Int]) {
        precondition(sums.count == counts.count, "\(sums.count) sums of \(counts.count) counts")
        (self.sums, self.counts) = (sums, counts)
    }

    /// Adds the next item.
    ///
    /// - Parameters:
    ///   - sum: of the score over the item
    ///   - count: number of observations in it
    public mutating func add(sum: Double, count: Int) {
        if open == 0 || open == width {
            if sums.count == Self.capacity { join() }
            // After joining, the last group is full.
            sums.append(sum)
            counts.append(count)
            open = 1
        } else {
            sums[sums.count - 1] += sum
            counts[counts.count - 1] += count
            open += 1
        }
    }

    private mutating func join() {
        sums = stride(from: 0, to: sums.count, by: 2).map { sums[$0] + sums[$0 + 1] }
        counts = stride(from: 0, to: counts.count, by: 2).map { counts[$0] + counts[$0 + 1] }
        width *= 2
    }
}

/// Encoded as two strings of numbers: lists would take a line per number.
extension ItemSums: Codable {
    private enum CodingKeys: String, CodingKey { case sums, counts }

    /// Decodes two strings of numbers.
    ///
    /// - Throws: `DecodingError` when they are none
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func numbers<Number: LosslessStringConvertible>(_ key: CodingKeys) throws -> [Number] {
            try container.decode(String.self, forKey: key).split(separator: " ").map { text in
                guard let number = Number(String(text)) else {
                    throw DecodingError.dataCorruptedError(
                        forKey: key, in: container, debugDescription: "\(text) is no number")
                }
                return number
            }
        }
        (sums, counts) = (try numbers(.sums), try numbers(.counts))
        guard sums.count == counts.count else {
            throw DecodingError.dataCorruptedError(
                forKey: .counts, in: container,
                debugDescription: "\(sums.count) sums of \(counts.count) counts")
        }
    }

    /// Encodes two strings of numbers.
    ///
    /// - Throws: what the encoder throws
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func text(_ values: [some CustomStringConvertible]) -> String {
            values.map(\.description).joined(separator: " ")
        }
        try container.encode(text(sums), forKey: .sums)
        try container.encode(text(counts), forKey: .counts)
    }
}
