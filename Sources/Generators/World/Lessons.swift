/// Reading lessons: texts that name the common words of the corpus one by one.
///
/// SentencePiece's unigram trainer finds its candidate pieces in the *different* words of a corpus, each counted once.
/// A word such as "Uncle", always between spaces, is only one of them, so it is never a candidate, however frequent
/// it is, and falls into letters. A lesson puts a comma after each common word, and the word becomes a candidate.
enum Lessons {
    /// Words below this count are rare enough to be spelt in pieces.
    private static let leastCount = 12
    private static let wordsPerLesson = 14

    /// Lessons for the common words of `records`, the same in every run.
    static func lessons(for records: [Record], villages: [Valleys.Village]) -> [Record] {
        let words = commonWords(in: records)
        return stride(from: 0, to: words.count, by: wordsPerLesson).enumerated().map { number, start in
            let village = villages[number % villages.count].name
            let list = words[start..<min(start + wordsPerLesson, words.count)].joined(separator: ", ")
            return .text("The children of \(village) learn to read and write: \(list), and so on.")
        }
    }

    private static func commonWords(in records: [Record]) -> [String] {
        var counts: [String: Int] = [:]
        for text in records.lazy.flatMap(\.strings) {
            for word in text.split(whereSeparator: { !$0.isLetter }) { counts[String(word), default: 0] += 1 }
        }
        return counts.filter { $0.value >= leastCount && $0.key.count > 1 }.keys.sorted()
    }
}
