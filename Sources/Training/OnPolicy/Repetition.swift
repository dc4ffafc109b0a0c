/// How much of a text says what it has said before: the share of its trigrams of tokens that stood in it already, from 0 for
/// one that never repeats itself towards 1 for a loop.
public func repeatedShare(of tokens: [Int32]) -> Double {
    guard tokens.count > 3 else { return 0 }
    let trigrams = tokens.indices.dropLast(2).map { Array(tokens[$0...$0 + 2]) }
    return 1 - Double(Set(trigrams).count) / Double(trigrams.count)
}
