/// The fraction of a text's token trigrams that repeat an earlier one: 0 without repetition, near 1 for a loop.
package func repeatedFraction(of tokens: [Int32]) -> Double {
    guard tokens.count > 3 else { return 0 }
    let trigrams = tokens.indices.dropLast(2).map { Array(tokens[$0...$0 + 2]) }
    return 1 - Double(Set(trigrams).count) / Double(trigrams.count)
}
