/// Divides text into pieces by merging neighbours, the best-scored pair first (byte-pair encoding, Sennrich et
/// al. 2016, arXiv:1508.07909). Of equal pairs the left one merges first.
struct BPESegmenter: Sendable {
    private let vocabulary: Vocabulary
    private let words = WordCache<Segment>()

    init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

    /// A stretch of the text that is one so far; the stretches form a list.
    private struct Symbol {
        var start: Int32
        /// 0 once it is merged into the one before.
        var length: Int32
        var previous: Int32
        var next: Int32
        /// The place of its bytes in the trie.
        var node: PieceTrie.Node
        /// A user-defined symbol never merges.
        var isFrozen: Bool
    }

    /// Two neighbours that could merge into a piece.
    private struct Pair {
        let score: Float
        let left, right, length: Int32
        /// The place of the merged bytes in the trie.
        let node: PieceTrie.Node

        @inline(__always)
        func precedes(_ other: Pair) -> Bool {
            score > other.score || (score == other.score && left < other.left)
        }
    }

    /// The segmentation of a normalized text.
    func segments(_ text: UnsafeBufferPointer<UInt8>, guarding: Bool) -> [Segment] {
        var output: [Segment] = []
        output.reserveCapacity(text.count / 2)
        var start = 0
        while start < text.count {
            let end = endOfWord(in: text, from: start)
            let word = UnsafeBufferPointer(rebasing: text[start..<end])
            func append(_ segments: UnsafeBufferPointer<Segment>) {
                for segment in segments { output.append((start + segment.end, segment.id)) }
            }
            if word.count <= WordCache<Segment>.longestWord {
                words.elements(of: word, guarding: guarding, append) {
                    divide(word, guarding: guarding) { _ in false }
                }
            } else {
                divide(word, guarding: guarding) { _ in false }.withUnsafeBufferPointer(append)
            }
            start = end
        }
        return output
    }

    /// The end of the word that begins at a place: the next space that follows something else and that no piece reaches
    /// over, or the end of the text.
    private func endOfWord(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        vocabulary.bridges.withUnsafeBufferPointer { bridges in
            var isInside = false
            var index = start
            while index < text.count {
                if text[index] == Normalizer.spaceBytes.0, index + 2 < text.count,
                    text[index + 1] == Normalizer.spaceBytes.1, text[index + 2] == Normalizer.spaceBytes.2
                {
                    if isInside, !bridges[Int(text[index - 1])] { return index }
                    isInside = false
                    index += 3
                } else {
                    isInside = true
                    index += 1
                }
            }
            return text.count
        }
    }

    /// The segmentation of a normalized text as a whole.
    ///
    /// - Parameter isDropped: asked at each merge whether to leave it out (BPE dropout), with the piece it makes
    func divide(
        _ text: UnsafeBufferPointer<UInt8>, guarding: Bool, isDropped: (_ piece: Int32) -> Bool
    ) -> [Segment] {
        withUnsafeTemporaryAllocation(of: Symbol.self, capacity: text.count) { symbols in
            // There are fewer pairs than characters at first, and each merge takes one pair and brings at most two.
            withUnsafeTemporaryAllocation(of: Pair.self, capacity: 2 * text.count) { pairs in
                var work = Work(
                    vocabulary: vocabulary, text: text, guarding: guarding, symbols: symbols,
                    agenda: Heap(pairs: pairs))
                work.merge(isDropped)
                return work.segments()
            }
        }
    }

    /// One text on its way from characters to pieces.
    private struct Work {
        let vocabulary: Vocabulary
        let text: UnsafeBufferPointer<UInt8>
        let guarding: Bool
        let symbols: UnsafeMutableBufferPointer<Symbol>
        var count = 0
        var agenda: Heap
        /// Where unused pieces were put together: the length of the left half, by place in the trie.
        var splits: [PieceTrie.Node: Int32] = [:]

        init(
            vocabulary: Vocabulary, text: UnsafeBufferPointer<UInt8>, guarding: Bool,
            symbols: UnsafeMutableBufferPointer<Symbol>, agenda: Heap
        ) {
            self.vocabulary = vocabulary
            self.text = text
            self.guarding = guarding
            self.symbols = symbols
            self.agenda = agenda
            var start = 0
            while start < text.count {
                let symbol = vocabulary.symbolLength(in: text, from: start, guarding: guarding)
                let length = symbol > 0 ? symbol : text.characterLength(at: start)
                let index = Int32(count)
                symbols.initializeElement(
                    at: count,
                    to: Symbol(
                        start: Int32(start), length: Int32(length), previous: index - 1, next: index + 1,
                        node: walk(from: PieceTrie.root, start, length), isFrozen: symbol > 0))
                count += 1
                start += length
            }
            if count > 0 { symbols[count - 1].next = -1 }
        }

        private func walk(from node: PieceTrie.Node, _ start: Int, _ length: Int) -> PieceTrie.Node {
            var node = node
            for index in start..<start + length {
                if node == PieceTrie.none { break }
                node = vocabulary.trie.child(of: node, text[index])
            }
            return node
        }

        mutating func merge(_ isDropped: (_ piece: Int32) -> Bool) {
            guard count > 1 else { return }
            for left in 0..<count - 1 { consider(Int32(left), Int32(left + 1)) }
            while let pair = agenda.pop() {
                let left = Int(pair.left)
                let right = Int(pair.right)
                // Stale if either half has changed since.
                guard symbols[left].length > 0, symbols[right].length > 0,
                    symbols[left].length + symbols[right].length == pair.length
                else { continue }
                if isDropped(vocabulary.trie.id(at: pair.node)) { continue }
                symbols[left].length = pair.length
                symbols[left].node = pair.node
                symbols[left].next = symbols[right].next
                if symbols[right].next >= 0 { symbols[Int(symbols[right].next)].previous = pair.left }
                symbols[right].length = 0
                consider(symbols[left].previous, pair.left)
                consider(pair.left, symbols[left].next)
            }
        }

        /// Puts a pair on the agenda if it forms a piece.
        private mutating func consider(_ left: Int32, _ right: Int32) {
            guard left >= 0, right >= 0 else { return }
            let (first, second) = (symbols[Int(left)], symbols[Int(right)])
            guard !first.isFrozen, !second.isFrozen, first.node != PieceTrie.none else { return }
            let node = walk(from: first.node, Int(second.start), Int(second.length))
            guard node != PieceTrie.none, case let id = vocabulary.trie.id(at: node), id >= 0 else { return }
            let traits = vocabulary.traits[Int(id)]
            if guarding, traits.contains(.marker) { return }
            if traits.contains(.unused) { splits[node] = first.length }
            agenda.push(
                Pair(
                    score: vocabulary.scores[Int(id)], left: left, right: right,
                    length: first.length + second.length, node: node))
        }

        func segments() -> [Segment] {
            var output: [Segment] = []
            var index = count == 0 ? -1 : 0
            while index >= 0 {
                let symbol = symbols[index]
                append(Int(symbol.start), Int(symbol.length), node: symbol.node, to: &output)
                index = Int(symbol.next)
            }
            return output
        }

        /// Appends one stretch; an unused piece is taken apart again as it was put together.
        private func append(
            _ start: Int, _ length: Int, node: PieceTrie.Node, to output: inout [Segment]
        ) {
            let id = node == PieceTrie.none ? -1 : vocabulary.trie.id(at: node)
            if id >= 0, vocabulary.traits[Int(id)].contains(.unused), let left = splits[node].map(Int.init) {
                append(start, left, node: walk(from: PieceTrie.root, start, left), to: &output)
                let rest = walk(from: PieceTrie.root, start + left, length - left)
                append(start + left, length - left, node: rest, to: &output)
            } else {
                output.append((start + length, id >= 0 ? id : vocabulary.unknownID))
            }
        }
    }

    /// A binary heap of pairs, the first to merge on top.
    private struct Heap {
        let pairs: UnsafeMutableBufferPointer<Pair>
        private var count = 0

        init(pairs: UnsafeMutableBufferPointer<Pair>) { self.pairs = pairs }

        mutating func push(_ pair: Pair) {
            var hole = count
            count += 1
            while hole > 0, case let parent = (hole - 1) / 2, pair.precedes(pairs[parent]) {
                pairs[hole] = pairs[parent]
                hole = parent
            }
            pairs[hole] = pair
        }

        mutating func pop() -> Pair? {
            guard count > 0 else { return nil }
            let top = pairs[0]
            count -= 1
            let last = pairs[count]
            var hole = 0
            while case var child = 2 * hole + 1, child < count {
                if child + 1 < count, pairs[child + 1].precedes(pairs[child]) { child += 1 }
                guard pairs[child].precedes(last) else { break }
                pairs[hole] = pairs[child]
                hole = child
            }
            pairs[hole] = last
            return top
        }
    }
}
