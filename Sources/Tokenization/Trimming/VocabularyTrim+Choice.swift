import Support

extension VocabularyTrim {
    /// The pieces kept so far.
    struct Choice {
        let vocabulary: any TrimmableVocabulary
        /// The pieces that symbols take the place of, and the symbols' spellings.
        let replaced: [Int32: String]
        private let capacity: Int
        private(set) var kept: Set<Int32> = []

        /// Begins with what must stay.
        ///
        /// - Throws: `UserError` if the size is too small for that or no less than the vocabulary's, a symbol is there already or
        ///   is like no piece, or the vocabulary cannot be trimmed at all.
        init(_ whole: Tokenizer, to size: Int, required: Set<Int32>, symbols: [Symbol]) throws {
            guard size < whole.vocabularySize else {
                throw UserError(
                    "\(size) pieces are no fewer than the vocabulary has, \(whole.vocabularySize)",
                    hint: "keep fewer, or do not trim it", status: .configuration)
            }
            try self.init(whole, capacity: size, required: required, symbols: symbols)
            let least = kept.count
            guard least <= size else {
                throw UserError(
                    "\(size) pieces are too few: those that must stay (bytes, special pieces, symbols, the chat template's) are \(least)",
                    hint: "keep \(least) or more", status: .configuration)
            }
        }

        /// As the other, for any size.
        init(
            _ whole: Tokenizer, capacity: Int = .max, required: Set<Int32>, symbols: [Symbol]
        ) throws {
            vocabulary = try whole.trimmable()
            replaced = try Self.replaced(by: symbols, in: whole, vocabulary)
            self.capacity = capacity
            kept = vocabulary.indispensableIDs.union(replaced.keys)
            for id in required { kept.formUnion(vocabulary.ingredients(of: id).ids) }
        }

        var isFull: Bool { kept.count >= capacity }

        /// Keeps a piece with what it is made from, if there is room for all of it.
        mutating func add(_ id: Int32) { add(vocabulary.ingredients(of: id)) }

        /// As `add`, for a piece that text can become.
        mutating func addFormed(_ id: Int32) {
            let ingredients = vocabulary.ingredients(of: id)
            if ingredients.isFormed { add(ingredients) }
        }

        private mutating func add(_ ingredients: Ingredients) {
            // Nothing is made any more from a piece that a symbol replaces.
            guard ingredients.ids.isDisjoint(with: replaced.keys) else { return }
            // Not `subtracting`, which goes through all pieces that are kept.
            let new = ingredients.ids.filter { !kept.contains($0) }
            if kept.count + new.count <= capacity { kept.formUnion(new) }
        }

        private static func replaced(
            by symbols: [Symbol], in whole: Tokenizer, _ vocabulary: any TrimmableVocabulary
        ) throws -> [Int32: String] {
            var replaced: [Int32: String] = [:]
            for symbol in symbols {
                let name = symbol.spelling.debugDescription
                if symbol.spelling.isEmpty || replaced.values.contains(symbol.spelling)
                    || whole.id(of: symbol.spelling) != nil
                {
                    throw UserError(
                        "the symbol \(name) is empty or there already",
                        hint: "name symbols that the vocabulary does not have", status: .configuration)
                }
                guard let id = vocabulary.id(named: symbol.replaced), vocabulary.isReplaceable(id),
                    ![whole.beginID, whole.endID, whole.paddingID, whole.beginTokenID].contains(id),
                    replaced[id] == nil
                else {
                    throw UserError(
                        "the symbol \(name) cannot replace \(symbol.replaced.debugDescription)",
                        hint:
                            "choose a piece of the vocabulary that is neither special, a byte nor replaced already",
                        status: .configuration)
                }
                replaced[id] = symbol.spelling
            }
            return replaced
        }
    }
}

extension Tokenizer {
    fileprivate func trimmable() throws -> any TrimmableVocabulary {
        switch engine {
        case .sentencePiece(let engine): SentencePieceTrimming(engine: engine)
        case .bytePair(let engine): try BytePairTrimming(self, engine)
        }
    }
}
