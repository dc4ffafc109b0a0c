/// Divides text into pieces by merging neighbours, the best-scored pair first (byte-pair encoding, Sennrich et
/// al. 2016, arXiv:1508.07909). Of equal pairs the left one merges first.
struct PairSegmenter: Sendable {
    private let vocabulary: Vocabulary

    init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

    typealias Segment = UnigramSegmenter.Segment

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

    /// The segmentation of a normalised text.
    ///
    /// - Parameter isDropped: asked at each merge whether to leave it out (BPE dropout), with the piece it makes
    func segments(
        _ text: UnsafeBufferPointer<UInt8>, guarding: Bool,
        isDropped: (_ piece: Int32) -> Bool = { _ in false }
    ) -> [Segment] {
        var work = Work(vocabulary: vocabulary, text: text, guarding: guarding)
        work.merge(isDropped)
        return work.segments()
    }

    /// One text on its way from characters to pieces.
    private struct Work {
        let vocabulary: Vocabulary
        let text: UnsafeBufferPointer<UInt8>
        let guarding: Bool
        var symbols: [Symbol] = []
        var agenda = Heap()
        /// Where unused pieces were put together: the length of the left half, by place in the trie.
        var splits: [PieceTrie.Node: Int32] = [:]

        init(vocabulary: Vocabulary, text: UnsafeBufferPointer<UInt8>, guarding: Bool) {
            self.vocabulary = vocabulary
            self.text = text
            self.guarding = guarding
            symbols.reserveCapacity(text.count)
            var start = 0
            while start < text.count {
                let symbol = vocabulary.symbolLength(in: text, from: start, guarding: guarding)
                let length = symbol > 0 ? symbol : text.characterLength(at: start)
                let index = Int32(symbols.count)
                symbols.append(
                    Symbol(
                        start: Int32(start), length: Int32(length), previous: index - 1, next: index + 1,
                        node: walk(from: PieceTrie.root, start, length), isFrozen: symbol > 0))
                start += length
            }
            if !symbols.isEmpty { symbols[symbols.count - 1].next = -1 }
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
            guard symbols.count > 1 else { return }
            for left in 0..<symbols.count - 1 { consider(Int32(left), Int32(left + 1)) }
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
            var index = symbols.isEmpty ? -1 : 0
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
        private var pairs: [Pair] = []

        mutating func push(_ pair: Pair) {
            var hole = pairs.count
            pairs.append(pair)
            while hole > 0, case let parent = (hole - 1) / 2, pair.precedes(pairs[parent]) {
                pairs[hole] = pairs[parent]
                hole = parent
            }
            pairs[hole] = pair
        }

        mutating func pop() -> Pair? {
            guard let top = pairs.first, let last = pairs.popLast() else { return nil }
            guard !pairs.isEmpty else { return top }
            var hole = 0
            while case var child = 2 * hole + 1, child < pairs.count {
                if child + 1 < pairs.count, pairs[child + 1].precedes(pairs[child]) { child += 1 }
                guard pairs[child].precedes(last) else { break }
                pairs[hole] = pairs[child]
                hole = child
            }
            pairs[hole] = last
            return top
        }
    }
}
