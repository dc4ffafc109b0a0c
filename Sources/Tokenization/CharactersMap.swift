/// The table by which a model rewrites characters before segmentation (`precompiled_charsmap`).
///
/// Layout: the size of a trie in bytes as 32 little-endian bits; the trie, an array of 32-bit units; then the
/// replacements, each ended by a NUL. A value in the trie is the position of a replacement. The trie is a
/// double array in the format of darts-clone: a unit holds a label in its low 8 bits, whether it has a value
/// (bit 8) and the distance to its children (bits 10 to 30, scaled by 256 if bit 9 is set); a value unit has
/// bit 31 set. The library walks it unchecked, so every unit it can reach is walked here first.
struct CharactersMap {
    private let units: [UInt32]
    private let replacements: ArraySlice<UInt8>
    private let headerProblem: String?

    /// Rules that can match at one place in a text: the room the library has for them.
    private static let mostMatches = 32

    init(_ bytes: ArraySlice<UInt8>) {
        func unit(_ position: Int) -> UInt32 {
            bytes[position..<position + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        guard bytes.count > 4 else {
            (units, replacements, headerProblem) = ([], [], "its normalization table has no header")
            return
        }
        let size = Int(unit(bytes.startIndex))
        let start = bytes.startIndex + 4
        guard size > 0, size % 4 == 0, size < bytes.count - 4 else {
            (units, replacements) = ([], [])
            headerProblem = "its normalization table claims a trie of \(size) bytes"
            return
        }
        units = stride(from: start, to: start + size, by: 4).map(unit)
        replacements = bytes[(start + size)...]
        headerProblem = nil
    }

    /// What is wrong with the table, if anything.
    var problem: String? {
        if let headerProblem { return headerProblem }
        // With a NUL at the very end, every replacement ends inside the table.
        guard replacements.last == 0 else { return "the replacements of its normalization table do not end" }
        return isSound ? nil : "its normalization table is damaged"
    }

    /// Walks every path from the root. Paths may join (the builder shares equal endings) but never circle.
    private var isSound: Bool {
        // The most matches below each group of children, known once the group is finished.
        enum Group { case unseen, open, finished(matches: Int) }
        var groups = [Group](repeating: .unseen, count: units.count)
        // The path: groups that are open, the next label to look at in each, and the most matches so far.
        var path: [(base: Int, label: Int, matches: Int)] = []

        func enter(_ base: Int) -> Bool {
            // The library looks at any of the 256 children of a unit: all lie inside the array.
            guard base | 255 < units.count else { return false }
            groups[base] = .open
            path.append((base, 0, 0))
            return true
        }

        guard enter(Self.distance(units[0])) else { return false }
        while let (base, label, matches) = path.last {
            guard label < 256 else {
                guard matches <= Self.mostMatches else { return false }
                groups[base] = .finished(matches: matches)
                path.removeLast()
                continue
            }
            let child = base ^ label
            let unit = units[child]
            guard unit & 0x8000_00ff == UInt32(label) else {
                path[path.count - 1].label += 1
                continue
            }
            let below = child ^ Self.distance(unit)
            let hasValue = unit >> 8 & 1 == 1
            guard below < units.count else { return false }
            if hasValue, Int(units[below] & 0x7fff_ffff) >= replacements.count { return false }
            switch groups[below] {
            case .open: return false
            case .unseen: guard enter(below) else { return false }
            case .finished(let deeper):
                path[path.count - 1].matches = max(matches, deeper + (hasValue ? 1 : 0))
                path[path.count - 1].label += 1
            }
        }
        return true
    }

    private static func distance(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
}
