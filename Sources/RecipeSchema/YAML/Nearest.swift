/// The word most like `word`, if one is near enough to be what was meant: at most a third of its letters differ
/// (at least one, and swapped neighbours count once), or one of them begins with the other.
package func nearest(to word: String, among words: some Sequence<String>) -> String? {
    var best: (word: String, distance: Int)?
    for candidate in words {
        var distance = editDistance(word.lowercased(), candidate.lowercased())
        let shorter = min(word.count, candidate.count)
        if shorter >= 3, word.hasPrefix(candidate) || candidate.hasPrefix(word) {
            distance = min(distance, 1)
        }
        let allowed = max(1, max(word.count, candidate.count) / 3)
        if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
}

/// Names that keys had before, each with its replacements: the error for an old recipe names the new key.
package struct FormerNames: Sendable, ExpressibleByDictionaryLiteral {
    private let successors: [String: [String]]

    package init(dictionaryLiteral elements: (String, [String])...) {
        successors = Dictionary(uniqueKeysWithValues: elements)
    }

    /// The name among `words` that replaces `word`.
    package func successor(of word: String, among words: some Sequence<String>) -> String? {
        successors[word].flatMap { new in words.first(where: new.contains) }
    }
}

/// The current name for a former or misspelt one.
package func intended(
    by word: String, among words: some Sequence<String>, formerNames: FormerNames = [:]
) -> String? {
    formerNames.successor(of: word, among: words) ?? nearest(to: word, among: words)
}

/// `did you mean "x"?`, or the accepted words when none is near.
package func suggestion(for word: String, among words: [String], formerNames: FormerNames = [:]) -> String? {
    if let near = intended(by: word, among: words, formerNames: formerNames) {
        return "did you mean \"\(near)\"?"
    }
    return words.isEmpty ? nil : "accepted: \(words.joined(separator: ", "))"
}

/// Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours.
package func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a), b = Array(b)
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1] + Array(repeating: 0, count: b.count)
        for j in b.indices {
            row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
            }
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
