/// The most frequent of many texts, in bounded memory (Misra & Gries 1982, "Finding repeated elements").
///
/// Texts are told apart by a 64-bit hash. With no more different texts than `capacity`, counts are exact; with more, a count is too small
/// by at most `error`, and every text that occurs more often than `error` times is found.
struct FrequentTexts {
    private struct Entry {
        var count: Int
        /// The text, once it has occurred twice.
        var text: String?
    }

    private var entries: [UInt64: Entry] = [:]
    private let capacity: Int
    /// How much too small a count may be.
    private(set) var error = 0

    init(capacity: Int = 1 << 17) { self.capacity = capacity }

    /// - Parameter text: the text of the hash, asked for once
    mutating func add(_ hash: UInt64, _ text: () -> String) {
        if let entry = entries[hash] {
            entries[hash] = Entry(count: entry.count + 1, text: entry.text ?? text())
        } else {
            entries[hash] = Entry(count: 1, text: nil)
            if entries.count > 2 * capacity { shrink() }
        }
    }

    /// Reduces all counts by the same number so that at most `capacity` texts are left.
    private mutating func shrink() {
        let counts = entries.values.map(\.count).sorted(by: >)
        let reduction = counts[capacity]
        error += reduction
        entries = entries.compactMapValues {
            $0.count > reduction ? Entry(count: $0.count - reduction, text: $0.text) : nil
        }
    }

    /// The texts that occur at least twice, the most frequent first; ties in the order of the texts.
    func most(_ limit: Int) -> [FrequentText] {
        let found = entries.values.compactMap { entry in
            entry.text.map { FrequentText(text: $0, count: entry.count) }
        }
        return Array(
            found.filter { $0.count > 1 }
                .sorted { ($1.count, $0.text) < ($0.count, $1.text) }.prefix(limit))
    }
}

/// A text and how often it occurs.
public struct FrequentText: Equatable, Sendable, Encodable {
    /// The text.
    public let text: String
    /// The number of occurrences; in a corpus with very many different texts it may be somewhat greater.
    public let count: Int
}
