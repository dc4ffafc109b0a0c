/// The pieces of one vocabulary found in another of the same family.
///
/// Models of a family often have tables of different sizes: a fine-tune has a few added tokens more, a later model has some that
/// an earlier one lacks. A teacher whose pieces match the student's can teach it nevertheless: its table is read in the
/// student's order, and what it lacks has no probability.
///
///     let match = student.match(in: teacher)
///     let logits = match.ids.map { $0.map { teacherLogits[Int($0)] } ?? -.infinity }
///
/// Texts are always divided by the vocabulary that is matched, and the other reads the same pieces. That is sound where both would
/// divide nearly all texts alike, so a match is found only if both prepare texts in the same way, the other has every piece that
/// text can become, and merges happen in the same order (BPE) or scores are equal (SentencePiece). Only added tokens may be
/// missing.
public struct PieceMatch: Sendable, Equatable {
    /// For each id of the vocabulary, the other's id of the same piece; nil for an added token that the other does not have.
    public let ids: [Int32?]

    /// The ids without a counterpart, ascending.
    public var missing: [Int32] { ids.indices.filter { ids[$0] == nil }.map(Int32.init) }

    /// Whether every id is the same in both, and the other has no more.
    public let isIdentity: Bool
}

extension Tokenizer {
    /// This vocabulary's pieces in another; nil if the two are not of one family.
    ///
    /// - Complexity: O(pieces and merges of both); at once where the files are equal.
    public func match(in other: Tokenizer) -> PieceMatch? {
        if hasSameIDs(as: other) {
            return PieceMatch(ids: (0..<Int32(vocabularySize)).map { $0 }, isIdentity: true)
        }
        guard readsTexts(as: other) else { return nil }
        var ids: [Int32?] = []
        for id in 0..<Int32(vocabularySize) {
            let found = other.id(of: piece(id)).flatMap { other.isInText($0) == isInText(id) ? $0 : nil }
            if found == nil, isInText(id) { return nil }
            ids.append(found)
        }
        guard ordersPieces(as: other, ids) else { return nil }
        let isIdentity =
            vocabularySize == other.vocabularySize && ids.enumerated().allSatisfy { $1 == Int32($0) }
        return PieceMatch(ids: ids, isIdentity: isIdentity)
    }

    /// Whether texts are divided into this piece; added tokens stand between texts.
    private func isInText(_ id: Int32) -> Bool {
        switch kind(of: id) {
        case .normal, .byte, .unknown: true
        case .control, .userDefined, .unused: false
        }
    }

    /// Whether texts are prepared alike: normalized, divided into words, spelled in bytes.
    private func readsTexts(as other: Tokenizer) -> Bool {
        switch (engine, other.engine) {
        case (.sentencePiece, .sentencePiece):
            kind == other.kind && hasByteFallback == other.hasByteFallback
                && addsDummyPrefix == other.addsDummyPrefix
                && removesExtraWhitespace == other.removesExtraWhitespace
                && (charactersMap ?? .init()) == (other.charactersMap ?? .init())
        case (.bytePair(let engine), .bytePair(let another)): engine.readsTexts(as: another)
        default: false
        }
    }

    /// Whether pieces are formed in the same order.
    private func ordersPieces(as other: Tokenizer, _ ids: [Int32?]) -> Bool {
        switch (engine, other.engine) {
        case (.bytePair(let engine), .bytePair(let another)) where engine.unigram == nil:
            return engine.merges.isPart(of: another.merges, ids)
        default:
            return ids.indices.allSatisfy { id in
                let id = Int32(id)
                guard isInText(id), let found = ids[Int(id)] else { return true }
                return score(of: id) == other.score(of: found)
            }
        }
    }
}

extension BytePairEngine {
    /// Whether texts are normalized and divided into words alike, and words spelled alike.
    fileprivate func readsTexts(as other: BytePairEngine) -> Bool {
        byteLevel == other.byteLevel && normalizer == other.normalizer && preTokenizer == other.preTokenizer
            && model.kind == other.model.kind && model.hasByteFallback == other.model.hasByteFallback
            && model.ignoresMerges == other.model.ignoresMerges
    }
}

extension MergeTable {
    /// Whether all merges are another table's, in the same order.
    ///
    /// - Parameter ids: The other's ids of this table's pieces.
    fileprivate func isPart(of other: MergeTable, _ ids: [Int32?]) -> Bool {
        other.withUnsafe { view in
            var last = Int32(-1)
            for (left, right, merge) in sorted {
                guard let otherLeft = ids[Int(left)], let otherRight = ids[Int(right)],
                    let piece = ids[Int(merge.piece)]
                else { return false }
                let found = view.merge(otherLeft, otherRight)
                guard found.piece == piece, found.rank > last else { return false }
                last = found.rank
            }
            return true
        }
    }
}
