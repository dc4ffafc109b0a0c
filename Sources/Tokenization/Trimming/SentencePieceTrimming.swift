/// A SentencePiece vocabulary, as trimming sees it.
///
/// Kept in any case are special, byte and user-defined pieces, without the placeholders that some vocabularies reserve
/// (`<unused42>`), and of unigram models the least probable piece, which sets the score of unknown characters.
struct SentencePieceTrimming: TrimmableVocabulary {
    let engine: SentencePieceEngine

    var indispensableIDs: Set<Int32> {
        let pieces = engine.model.pieces
        var ids = pieces.indices.filter { index in
            switch pieces[index].kind {
            case .unknown, .byte: true
            case .normal: false
            // In BPE they are passed through on the way to others.
            case .unused: engine.model.kind == .bpe && !PlaceholderPiece.isOne(pieces[index].spelling)
            case .control, .userDefined: !PlaceholderPiece.isOne(pieces[index].spelling)
            }
        }
        if engine.model.kind == .unigram {
            let normal = pieces.indices.filter { pieces[$0].kind == .normal }
            if let least = normal.min(by: { pieces[$0].score < pieces[$1].score }) { ids.append(least) }
        }
        return Set(ids.map(Int32.init))
    }

    /// The single characters of a BPE piece are among them: our merges do without, those of other engines do not.
    func ingredients(of id: Int32) -> Ingredients {
        let pieces = engine.model.pieces
        var ids: Set<Int32> = [id]
        guard case .pair(let pair) = engine.segmenter, pieces[Int(id)].kind == .normal else {
            return Ingredients(ids: ids, isFormed: true)
        }
        var spelling = pieces[Int(id)].spelling
        if spelling.unicodeScalars.count == 1 { return Ingredients(ids: ids, isFormed: true) }
        var isFormed = false
        spelling.withUTF8 { text in
            let segments = pair.divide(text, guarding: false) { piece in
                ids.insert(piece)
                return false
            }
            isFormed = segments.count == 1
        }
        for scalar in spelling.unicodeScalars {
            if let character = engine.id(of: String(scalar)), pieces[Int(character)].kind == .normal {
                ids.insert(character)
            }
        }
        return Ingredients(ids: ids, isFormed: isFormed)
    }

    func candidates(preferring wishes: [Float]?) -> [Int32] {
        let pieces = engine.model.pieces
        func merit(_ id: Int32) -> (Float, Float, Int32) {
            (wishes?[Int(id)] ?? 0, pieces[Int(id)].score, -id)
        }
        return pieces.indices.map(Int32.init).filter { pieces[Int($0)].kind == .normal }.sorted {
            merit($0) > merit($1)
        }
    }

    func id(named name: String) -> Int32? { engine.id(of: name.replacing(" ", with: "\u{2581}")) }

    func isReplaceable(_ id: Int32) -> Bool {
        [.normal, .userDefined, .control].contains(engine.model.pieces[Int(id)].kind)
    }

    func trimmed(to ids: [Int32], renaming symbols: [Int32: String]) throws -> Tokenizer {
        try Tokenizer(
            serializedModel: engine.model.serialized(keeping: ids, renaming: symbols),
            name: VocabularyTrim.name)
    }
}
