import Support

extension BytePairEngine {
    /// Appends the ids of a text.
    func appendIDs(of text: UnsafeBufferPointer<UInt8>, options: EncodingOptions, to ids: inout [Int32]) {
        if let unigram {
            forEachWord(of: text, options: options, to: &ids) { word, ids in
                appendWord(word, to: &ids) { body in
                    self.ids(of: unigram.segments(word, guarding: false), in: word).withUnsafeBufferPointer(
                        body)
                }
            }
            return
        }
        merges.withUnsafe { merges in
            forEachWord(of: text, options: options, to: &ids) { word, ids in
                appendWord(word, to: &ids) { withPieces(of: word, { PairMerger.merge($0, merges) }, $0) }
            }
        }
    }

    /// Appends the pieces of a word, which are kept for the next time it occurs.
    ///
    /// - Parameter segment: Calls its argument with the pieces.
    @inline(__always)
    private func appendWord(
        _ word: UnsafeBufferPointer<UInt8>, to ids: inout [Int32],
        _ segment: (_ body: (UnsafeBufferPointer<Int32>) -> Void) -> Void
    ) {
        if word.count > WordCache<Int32>.longestWord { return segment { ids.append(contentsOf: $0) } }
        let lookup = words.lookup(word, guarding: false)
        if let pieces = lookup.elements {
            for piece in pieces { ids.append(piece) }
        } else {
            segment {
                words.keep($0, of: word, guarding: false, after: lookup)
                ids.append(contentsOf: $0)
            }
        }
    }

    /// The ids of a unigram model's segments. Neighbours that are unknown are one text: a piece, if it is one after all, else bytes
    /// where the model has them, else one unknown piece.
    private func ids(of segments: [Segment], in word: UnsafeBufferPointer<UInt8>) -> [Int32] {
        var (ids, start, end) = ([Int32](), 0, 0)
        func appendUnknown() {
            guard start < end else { return }
            let text = UnsafeBufferPointer(rebasing: word[start..<end])
            if let id = wholeID(of: text) {
                ids.append(id)
            } else if model.hasByteFallback, text.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
                for byte in text { ids.append(byteIDs[Int(byte)]) }
            } else if let unknownID {
                ids.append(unknownID)
            }
        }
        for segment in segments {
            if segment.id != unknownID {
                appendUnknown()
                ids.append(segment.id)
                start = segment.end
            }
            end = segment.end
        }
        appendUnknown()
        return ids
    }

    /// Appends a random segmentation: each merge is left out with a probability (BPE dropout, Provilkov et al. 2020); of a unigram
    /// model one drawn by its probability (Kudo 2018).
    func appendSample(
        of text: UnsafeBufferPointer<UInt8>, alpha: Float, using generator: inout some RandomNumberGenerator,
        to ids: inout [Int32]
    ) {
        if let unigram {
            forEachWord(of: text, options: [], to: &ids) { word, ids in
                ids += self.ids(
                    of: unigram.sampledSegments(word, alpha: Double(alpha), using: &generator), in: word)
            }
            return
        }
        merges.withUnsafe { merges in
            forEachWord(of: text, options: [], to: &ids) { word, ids in
                withPieces(
                    of: word,
                    {
                        PairMerger.merge($0, merges) { _ in Float.random(in: 0..<1, using: &generator) < alpha
                        }
                    }, { ids.append(contentsOf: $0) })
            }
        }
    }

    /// Calls `body` with each word of a text; ids of added tokens are appended between them.
    @inline(__always)
    private func forEachWord(
        of text: UnsafeBufferPointer<UInt8>, options: EncodingOptions, to ids: inout [Int32],
        _ body: (_ word: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) -> Void
    ) {
        guard UTF8Validation.firstFault(in: UnsafeRawBufferPointer(text)) == nil else {
            return Self.repaired(text).withUnsafeBufferPointer {
                forEachValidWord(of: $0, options: options, to: &ids, body)
            }
        }
        forEachValidWord(of: text, options: options, to: &ids, body)
    }

    private func forEachValidWord(
        of text: UnsafeBufferPointer<UInt8>, options: EncodingOptions, to ids: inout [Int32],
        _ body: (_ word: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) -> Void
    ) {
        ScalarClasses.shared.withUnsafe { classes in
            added.forEachPart(of: text, isNormalized: false) { part, id in
                if let id { return ids.append(id) }
                let isBeginning = part.baseAddress == text.baseAddress
                let isGoingOn = isBeginning && options.contains(.goingOn)
                normalizer.withNormalized(part, isGoingOn: isGoingOn) { section in
                    added.forEachPart(of: section, isNormalized: true) { part, id in
                        if let id { return ids.append(id) }
                        let isStart = isBeginning && part.baseAddress == section.baseAddress
                        var division = WordDivision(
                            preTokenizer: preTokenizer, classes: classes,
                            isFirst: isStart && !options.contains(.continuing) && !options.contains(.goingOn),
                            isGoingOn: isStart && isGoingOn)
                        division.run(part) { word in forEachDivisible(word) { body($0, &ids) } }
                    }
                }
            }
        }
    }

    /// Bytes that are not UTF-8 become U+FFFD, one a byte.
    private static func repaired(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count + 16)
        var start = 0
        while start < text.count {
            let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[start...])
            guard let fault = UTF8Validation.firstFault(in: rest) else {
                output += rest
                break
            }
            output += rest[..<fault]
            output += [0xEF, 0xBF, 0xBD]
            start += fault + 1
        }
        return output
    }

    /// Divides a word further where no piece can reach over: before a U+2581 that follows another character.
    @inline(__always)
    private func forEachDivisible(
        _ word: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        if byteLevel == .atEnd { return body(word) }
        if byteLevel == .before {
            var bytes: [UInt8] = []
            _ = ByteAlphabet.decode(word, to: &bytes)
            return bytes.withUnsafeBufferPointer(body)
        }
        guard let bridges else { return body(word) }
        let (first, second, third) = Normalizer.spaceBytes
        var (begin, index, isInside) = (0, 0, false)
        while index < word.count {
            if word[index] == first, index + 2 < word.count, word[index + 1] == second,
                word[index + 2] == third
            {
                if isInside, !bridges[Int(word[index - 1])] {
                    body(UnsafeBufferPointer(rebasing: word[begin..<index]))
                    begin = index
                }
                isInside = false
                index += 3
            } else {
                isInside = true
                index += 1
            }
        }
        body(UnsafeBufferPointer(rebasing: word[begin...]))
    }

    /// Calls `body` with the pieces of a word that has bytes.
    ///
    /// - Parameter merge: Merges ids in place and returns how many are left.
    @inline(__always)
    private func withPieces(
        of word: UnsafeBufferPointer<UInt8>, _ merge: (UnsafeMutableBufferPointer<Int32>) -> Int,
        _ body: (UnsafeBufferPointer<Int32>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: word.count) { ids in
            if model.ignoresMerges, let id = wholeID(of: word) {
                ids[0] = id
                return body(UnsafeBufferPointer(rebasing: ids[..<1]))
            }
            let count = fill(word, ids)
            let merged = merge(UnsafeMutableBufferPointer(rebasing: ids[..<count]))
            body(UnsafeBufferPointer(rebasing: ids[..<merged]))
        }
    }

    /// The pieces that a word passes through as it is merged, bytes or characters first, and those that it becomes.
    ///
    /// That a whole word is a piece, which decides where merges are ignored, counts for nothing here.
    func derivation(of word: UnsafeBufferPointer<UInt8>) -> (passed: Set<Int32>, pieces: [Int32]) {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: word.count) { ids in
            let count = fill(word, ids)
            var passed = Set(ids[..<count])
            let merged = merges.withUnsafe { merges in
                PairMerger.merge(UnsafeMutableBufferPointer(rebasing: ids[..<count]), merges) { piece in
                    passed.insert(piece)
                    return false
                }
            }
            return (passed, Array(ids[..<merged]))
        }
    }

    /// Begins with the pieces of single bytes or characters.
    ///
    /// - Returns: How many they are.
    private func fill(_ word: UnsafeBufferPointer<UInt8>, _ ids: UnsafeMutableBufferPointer<Int32>) -> Int {
        byteLevel == .none ? fillCharacters(word, ids) : fillBytes(word, ids)
    }

    /// The piece of the model that a whole word is.
    private func wholeID(of word: UnsafeBufferPointer<UInt8>) -> Int32? {
        let id: Int32? =
            if byteLevel == .none {
                pieces.id(of: word)
            } else {
                pieces.id(of: ByteAlphabet.spelling(of: word))
            }
        // Text never becomes a special token, and added tokens are found before.
        return id.flatMap { [.normal, .byte].contains(kinds[Int($0)]) ? $0 : nil }
    }

    private func fillBytes(_ word: UnsafeBufferPointer<UInt8>, _ ids: UnsafeMutableBufferPointer<Int32>)
        -> Int
    {
        if spellsEveryByte {
            byteIDs.withUnsafeBufferPointer {
                for index in 0..<word.count { ids[index] = $0[Int(word[index])] }
            }
            return word.count
        }
        var filler = Filler(engine: self, ids: ids)
        for byte in word {
            let id = byteIDs[Int(byte)]
            if id >= 0 { filler.add(id) } else { filler.addUnknown() }
        }
        return filler.finish()
    }

    private func fillCharacters(
        _ word: UnsafeBufferPointer<UInt8>, _ ids: UnsafeMutableBufferPointer<Int32>
    ) -> Int {
        var filler = Filler(engine: self, ids: ids)
        var index = 0
        while index < word.count {
            let length = word.characterLength(at: index)
            let character = UnsafeBufferPointer(rebasing: word[index..<index + length])
            index += length
            if let id = pieces.id(of: character) {
                filler.add(id)
            } else if model.hasByteFallback, character.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
                // As in tokenizers, an unknown character before it comes behind it.
                for byte in character { filler.addByte(byteIDs[Int(byte)]) }
            } else {
                filler.addUnknown()
            }
        }
        return filler.finish()
    }

    /// Puts the ids of single characters together. A character without one is dropped where the vocabulary has no unknown
    /// piece, as `tokenizers` does.
    private struct Filler {
        let engine: BytePairEngine
        let ids: UnsafeMutableBufferPointer<Int32>
        private var count = 0
        private var isUnknownPending = false

        init(engine: BytePairEngine, ids: UnsafeMutableBufferPointer<Int32>) {
            (self.engine, self.ids) = (engine, ids)
        }

        mutating func add(_ id: Int32) {
            flush()
            addByte(id)
        }

        mutating func addByte(_ id: Int32) {
            ids[count] = id
            count += 1
        }

        mutating func addUnknown() {
            if !engine.model.fusesUnknown { flush() }
            isUnknownPending = engine.unknownID != nil
        }

        mutating func finish() -> Int {
            flush()
            return count
        }

        private mutating func flush() {
            if isUnknownPending, let id = engine.unknownID { addByte(id) }
            isUnknownPending = false
        }
    }
}
