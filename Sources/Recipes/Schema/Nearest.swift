/// The word most like `word`, if one is near enough to be what was meant: at most a third of its letters differ
/// (at least one, and swapped neighbours count once), or one of them begins with the other.
func nearest(to word: String, among words: some Sequence<String>) -> String? {
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

/// `did you mean "x"?`, or the accepted words when none is near.
func suggestion(for word: String, among words: [String]) -> String? {
    if let near = nearest(to: word, among: words) { return "did you mean \"\(near)\"?" }
    return words.isEmpty ? nil : "accepted: \(words.joined(separator: ", "))"
}

/// Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours.
func editDistance(_ a: String, _ b: String) -> Int {
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
