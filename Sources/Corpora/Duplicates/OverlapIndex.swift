import Tokenization

/// Runs of words that a record and an evaluation item have in common.
struct Overlap: CustomStringConvertible {
    let words: String
    let count: Int
    let location: RecordLocation

    /// The words that a message quotes.
    private static let quoted = 100

    var description: String {
        let text = words.count > Self.quoted ? words.prefix(Self.quoted) + "…" : words[...]
        return "\(count) \(count == 1 ? "word" : "words") in common with \(location): \"\(text)\""
    }
}

/// The runs of words of evaluation sets.
struct OverlapIndex: Sendable {
    private struct Turn: Sendable {
        let words: NormalizedWords
        let location: Int
        /// Words of the runs that are looked for: the size, or all words of a shorter turn.
        let length: Int
    }

    /// Where a run begins; `turns` counts the different turns that have it.
    private struct Place: Sendable {
        let turn: UInt32
        let start: UInt32
        var turns: UInt32
        var lastTurn: UInt32
    }

    private struct Run: Hashable, Sendable {
        let hash: UInt64
        let length: UInt32
    }

    private let size: Int
    private let shortest: Int
    private var turns: [Turn] = []
    private var locations = RecordLocations()
    private var places: [Run: Place] = [:]
    /// Turns by the hash of all their words.
    private var known: [UInt64: UInt32] = [:]
    /// Items without a turn that is long enough: all turns of the user, by the hash of their words.
    private var wholes: [UInt64: Turn] = [:]
    private var lengths: [Int] = []
    /// A bit for each hash of a run, modulo their number: most runs of most records are in no item, which one bit says sooner than a
    /// dictionary.
    private var bits: [UInt64] = []
    private var tooShort = 0

    /// What was not looked for.
    private(set) var notes: [String] = []

    init(size: Int, shortest: Int) { (self.size, self.shortest) = (size, shortest) }

    // MARK: - Building

    mutating func add(_ item: CandidateRecord) {
        locations.append(item.location)
        let words = Self.turns(of: item.record, in: .all).map { NormalizedWords($0.text) }
        let long = words.filter { $0.count >= shortest }
        for words in long {
            add(Turn(words: words, location: locations.count - 1, length: min(words.count, size)))
        }
        guard long.isEmpty else { return }
        let whole = Self.userWords(of: item.record, in: .all)
        guard whole.count > 0 else {
            tooShort += 1
            return
        }
        let hash = RunHashes(whole).hash(of: 0..<whole.count)
        if wholes[hash] == nil {
            wholes[hash] = Turn(words: whole, location: locations.count - 1, length: whole.count)
        }
    }

    private mutating func add(_ turn: Turn) {
        let hashes = RunHashes(turn.words)
        let whole = hashes.hash(of: 0..<turn.words.count)
        // A turn that is written twice is one.
        if let same = known[whole], turns[Int(same)].words.bytes == turn.words.bytes { return }
        let number = UInt32(turns.count)
        turns.append(turn)
        known[whole] = number
        if !lengths.contains(turn.length) { lengths.append(turn.length) }
        for start in 0...turn.words.count - turn.length {
            let run = Run(hash: hashes.hash(of: start..<start + turn.length), length: UInt32(turn.length))
            if var place = places[run] {
                guard place.lastTurn != number else { continue }
                place.turns += 1
                place.lastTurn = number
                places[run] = place
            } else {
                places[run] = Place(turn: number, start: UInt32(start), turns: 1, lastTurn: number)
            }
        }
    }

    /// Leaves out the runs that more than `common` turns share.
    mutating func finish(common: Int) {
        lengths.sort(by: >)
        let count = places.count
        places = places.filter { $0.value.turns <= common }
        // 16 bits for each run: one lookup in 16 is in vain. A power of two.
        var size = 64
        while size < 16 * places.count { size *= 2 }
        bits = [UInt64](repeating: 0, count: size / 64)
        for run in places.keys { bits[word(run.hash)] |= bit(run.hash) }
        if places.count < count {
            notes.append(
                "\(count - places.count) runs of words were not looked for: more than \(common) turns of the evaluation sets "
                    + "share each")
        }
        if tooShort > 0 {
            notes.append(
                "\(tooShort) items were not looked for: they have no turn of \(shortest) words, and no words of a user"
            )
        }
    }

    // MARK: - Searching

    /// The first run of a record that an item has, too.
    func overlap(with record: CorpusRecord, in part: TextPart) -> Overlap? {
        if !wholes.isEmpty, case let words = Self.userWords(of: record, in: part), words.count > 0,
            let item = wholes[RunHashes(words).hash(of: 0..<words.count)], item.words.bytes == words.bytes
        {
            return overlap(item, 0..<words.count)
        }
        for (text, _) in Self.turns(of: record, in: part) {
            let words = NormalizedWords(text)
            guard words.count > 0 else { continue }
            let hashes = RunHashes(words)
            for length in lengths where length <= words.count {
                for start in 0...words.count - length {
                    let hash = hashes.hash(of: start..<start + length)
                    guard bits[word(hash)] & bit(hash) != 0,
                        let place = places[Run(hash: hash, length: UInt32(length))]
                    else { continue }
                    let range = Int(place.start)..<Int(place.start) + length
                    let turn = turns[Int(place.turn)]
                    // Equal hashes of other words are possible, but improbable.
                    guard turn.words.utf8(range) == words.utf8(start..<start + length) else { continue }
                    return overlap(turn, range)
                }
            }
        }
        return nil
    }

    private func word(_ hash: UInt64) -> Int { Int(hash >> 6 & UInt64(bits.count - 1)) }
    private func bit(_ hash: UInt64) -> UInt64 { 1 << (hash & 63) }

    private func overlap(_ turn: Turn, _ range: Range<Int>) -> Overlap {
        Overlap(words: turn.words.text(range), count: range.count, location: locations[turn.location])
    }

    /// The words of all turns of the user, or of a text.
    private static func userWords(of record: CorpusRecord, in part: TextPart) -> NormalizedWords {
        NormalizedWords(turns(of: record, in: part).filter(\.isUser).map(\.text).joined(separator: "\n"))
    }

    /// The turns that can overlap. A text is a turn that anyone may have written.
    private static func turns(of record: CorpusRecord, in part: TextPart) -> [(text: String, isUser: Bool)] {
        switch record {
        case .text(let text): [(text, true)]
        case .chat(let messages, _):
            messages.filter { part.contains($0.role) && $0.role != .system }.map {
                ($0.content, $0.role == .user)
            }
        }
    }
}

/// Hashes of all runs of a text's words, each in constant time: differences of a polynomial's prefixes, modulo 2⁶⁴.
private struct RunHashes {
    private var prefixes: [UInt64] = [0]
    private var powers: [UInt64] = [1]
    /// Odd, so that no power vanishes; the golden ratio's digits have no structure.
    private static let base: UInt64 = 0x9E37_79B9_7F4A_7C15

    init(_ words: NormalizedWords) {
        prefixes.reserveCapacity(words.count + 1)
        powers.reserveCapacity(words.count + 1)
        for hash in words.hashes {
            prefixes.append(prefixes.last! &* Self.base &+ hash)
            powers.append(powers.last! &* Self.base)
        }
    }

    func hash(of range: Range<Int>) -> UInt64 {
        prefixes[range.upperBound] &- prefixes[range.lowerBound] &* powers[range.count]
    }
}
