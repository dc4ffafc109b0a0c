import Support

/// A `tokenizer.json` vocabulary, as trimming sees it.
///
/// Kept in any case are the pieces of single bytes, so that every text can still be encoded; the tokens that begin, end and
/// pad texts, the unknown piece and what the post-processor names; and the other special tokens but for placeholders
/// (`<|reserved_special_token_7|>`). Added tokens that are not special stay where the text has them.
///
/// **Why text is divided as before.** Within a word the pair of lowest rank merges first, of equal ones the left. What merges
/// inside the characters of a piece that the word ends up with never depends on what is beside them: no merge reaches over their
/// ends, and among themselves they merge in the same order. So all that text passes through on its way to a piece is what the
/// piece's own spelling passes through, and is kept with it (`ingredients`). Of the merges those stay whose two parts and whose
/// product are kept. Take a word whose pieces are all kept. Whatever pair merges next in the whole vocabulary, its product is
/// passed through and so is kept, and with it the merge; the trimmed vocabulary has no merge that the whole one lacks, and
/// the order is the same; so the same pair merges next. At the end no pair is left to merge in the whole vocabulary, hence none
/// in the trimmed one. More merges than these need not stay, and fewer would not do. Where a vocabulary makes a piece of several
/// pairs (tiktoken's do of every pair that spells it), only the pairs on the way must be there; all others whose pieces happen
/// to be kept stay too, which keeps other text close to what it was. Where merges are ignored for words that are pieces
/// (`ignore_merges`), a kept piece is found as before, and a word that was none is none now.
struct BytePairTrimming: TrimmableVocabulary {
    let whole: Tokenizer
    let engine: BytePairEngine
    /// The file's parts that are copied.
    let content: TokenizerJSON.Content

    /// - Throws: `UserError` for a unigram model, and for merges that do not show in the spelling of what they make.
    init(_ whole: Tokenizer, _ engine: BytePairEngine) throws {
        guard engine.unigram == nil else {
            throw UserError(
                "the unigram model of a tokenizer.json cannot be trimmed",
                hint: "give its tokenizer.model (SentencePiece), or keep the whole vocabulary",
                status: .configuration)
        }
        (self.whole, self.engine) = (whole, engine)
        content = try TokenizerJSON.Content(whole.serializedModel, name: VocabularyTrim.name)
        var isSpelled = true
        engine.merges.forEach { left, right, _ in
            for id in [left, right] where [.byte, .unknown].contains(engine.kinds[Int(id)]) {
                isSpelled = false
            }
        }
        guard isSpelled else {
            throw UserError(
                "the vocabulary merges byte pieces or the unknown piece, and such a one cannot be trimmed",
                hint: "keep the whole vocabulary", status: .configuration)
        }
    }

    var indispensableIDs: Set<Int32> {
        let roles = [whole.beginID, whole.endID, whole.paddingID, whole.beginTokenID, whole.unknownID]
        var ids = Set(roles.compactMap { $0 } + engine.byteIDs.filter { $0 >= 0 })
        for id in content.postProcessorIDs where engine.kinds.indices.contains(id) { ids.insert(Int32(id)) }
        for token in engine.added.tokens {
            let isNeeded = token.isSpecial && !PlaceholderPiece.isOne(token.content)
            if isNeeded || engine.added.decidesOthers(token, engine.normalizer) { ids.insert(token.id) }
        }
        if engine.byteLevel == .none { ids.formUnion(allIDs.filter(isIndispensable)) }
        return ids.reduce(into: []) { $0.formUnion(ingredients(of: $1).ids) }
    }

    /// Whether a text without this character's piece would not come back: bytes spell the character but not what it
    /// is decoded to, as U+2581 is to a space; and where nothing spells characters, they would vanish.
    private func isIndispensable(_ id: Int32) -> Bool {
        guard engine.kinds[Int(id)] == .normal, engine.pieces.spelling(id).unicodeScalars.count == 1 else {
            return false
        }
        return !engine.surfaces[id].elementsEqual(engine.pieces[id])
            || !engine.spellsEveryByte && engine.unknownID == nil
    }

    func ingredients(of id: Int32) -> Ingredients {
        let alone = Ingredients(ids: [id], isFormed: false)
        var bytes = Array(engine.pieces[id])
        if engine.byteLevel != .none {
            let spelling = bytes
            bytes = []
            let isSpelled = spelling.withUnsafeBufferPointer { ByteAlphabet.decode($0, to: &bytes) }
            guard isSpelled else { return alone }
        }
        guard !bytes.isEmpty else { return alone }
        let (passed, pieces) = bytes.withUnsafeBufferPointer { engine.derivation(of: $0) }
        guard pieces == [id] else {
            return engine.model.ignoresMerges ? Ingredients(ids: [id], isFormed: true) : alone
        }
        return Ingredients(ids: passed, isFormed: true)
    }

    func candidates(preferring wishes: [Float]?) -> [Int32] {
        var isMade = [Bool](repeating: false, count: engine.pieces.count)
        engine.merges.forEach { _, _, piece in isMade[Int(piece)] = true }
        // Pieces that no merge makes, rare characters, come last: common ones are parts of others.
        func merit(_ id: Int32) -> (Float, Float, Int32) {
            (wishes?[Int(id)] ?? 0, isMade[Int(id)] ? engine.score(of: id) : -.infinity, -id)
        }
        return allIDs.filter { engine.kinds[Int($0)] == .normal }.sorted { merit($0) > merit($1) }
    }

    private var allIDs: Range<Int32> { 0..<Int32(engine.pieces.count) }

    func id(named name: String) -> Int32? {
        let spelling =
            engine.byteLevel == .none
            ? name.replacing(" ", with: "\u{2581}") : ByteAlphabet.spelling(of: Array(name.utf8))
        return engine.pieces.id(of: name) ?? engine.pieces.id(of: spelling)
    }

    func isReplaceable(_ id: Int32) -> Bool {
        [.normal, .userDefined, .control].contains(engine.kinds[Int(id)]) && !engine.byteIDs.contains(id)
            && !content.postProcessorIDs.contains(Int(id))
    }

    func trimmed(to ids: [Int32], renaming symbols: [Int32: String]) throws -> Tokenizer {
        var roles = TokenizerConfiguration()
        roles.beginToken = whole.beginTokenID.map(whole.piece)
        roles.endToken = whole.endID.map(whole.piece)
        roles.paddingToken = whole.paddingID.map(whole.piece)
        roles.addsBegin = whole.beginID != nil
        let file = TrimmedTokenizerJSON(engine: engine, content: content, ids: ids, symbols: symbols)
        return try Tokenizer(
            tokenizerJSON: file.serialized(), configuration: roles, name: VocabularyTrim.name)
    }
}
