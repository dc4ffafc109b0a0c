/// A small seeded generator (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
///
/// The world keeps its own generator and its own `below`, `pick` and `shuffled`, so that the committed data
/// depend neither on the standard library's algorithms nor on any other target.
struct SplitMix64 {
    private var state: UInt64

    /// A stream of its own for every `purpose`: adding draws to one part of the world leaves the others alone.
    init(seed: UInt64, purpose: String) {
        // FNV-1a over the purpose's bytes; any mixing would do, since SplitMix64 scrambles its state.
        state = purpose.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0100_0000_01b3 }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number in 0..<bound. The bias of the multiplication (below 2⁻⁴⁰ here) does not matter for stories.
    mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "below(_:) needs a positive bound")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// True in `percent` of 100 draws.
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// A Fisher-Yates shuffle.
    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for last in stride(from: result.count - 1, to: 0, by: -1) {
            result.swapAt(last, below(last + 1))
        }
        return result
    }

    /// `count` different elements, in random order.
    mutating func sample<Element>(_ count: Int, of elements: [Element]) -> [Element] {
        Array(shuffled(elements).prefix(count))
    }
}
