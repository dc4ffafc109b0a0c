import Foundation

/// Whether a prompt is like none before it: by ROUGE-L (Lin 2004), as in Self-Instruct (Wang et al. 2023, arXiv 2212.10560).
struct PromptNovelty {
    private let similarity: Double
    private var known: [[String]] = []
    private var exact: Set<[String]> = []

    /// - Parameter similarity: the greatest F-measure with an earlier prompt; at 1 only prompts with the same words are alike
    init(similarity: Double) { self.similarity = similarity }

    /// Letters and digits between other characters, in lower case; a character of a script without spaces is a word.
    static func words(of text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "'" }.flatMap { run -> [String] in
            let isIdeographic = run.unicodeScalars.contains {
                $0.properties.isIdeographic || (0x3040...0x30FF).contains($0.value)
            }
            return isIdeographic ? run.map(String.init) : [String(run)]
        }
    }

    /// Adds a prompt, unless it is like an earlier one.
    mutating func add(_ prompt: String) -> Bool {
        let words = Self.words(of: prompt)
        guard exact.insert(words).inserted else { return false }
        if similarity < 1 {
            guard known.allSatisfy({ Self.rougeL(words, $0, atLeast: similarity) <= similarity }) else {
                return false
            }
            known.append(words)
        }
        return true
    }

    /// The F-measure of the longest common subsequence: 2 · LCS / (m + n); 0 where it cannot reach `bound`.
    static func rougeL(_ a: [String], _ b: [String], atLeast bound: Double = 0) -> Double {
        guard !a.isEmpty, !b.isEmpty else { return 0 }
        let total = Double(a.count + b.count)
        if 2 * Double(min(a.count, b.count)) / total < bound { return 0 }
        var row = [Int](repeating: 0, count: b.count + 1)
        for word in a {
            var diagonal = 0
            for (index, other) in b.enumerated() {
                let above = row[index + 1]
                row[index + 1] = word == other ? diagonal + 1 : max(above, row[index])
                diagonal = above
            }
        }
        return 2 * Double(row[b.count]) / total
    }
}
