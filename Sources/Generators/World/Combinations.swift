/// Pairs of facts that one question joins, split into those that training asks and those kept from it.
struct Combinations: Sendable {
    typealias Pair = (first: Fact, second: Fact)

    let trained: [Pair]
    let heldOut: [Pair]

    /// Every fifth pair is held out.
    private init(_ pairs: [Pair]) {
        let numbered = pairs.enumerated()
        trained = numbered.filter { $0.offset % 5 != 0 }.map(\.element)
        heldOut = numbered.filter { $0.offset % 5 == 0 }.map(\.element)
    }

    /// Two people, one relation; both facts are asked openly on their own.
    static func pairs(in valleys: Valleys) -> Combinations {
        let relations: [Relation] = [.home, .trade, .likes, .birth]
        return Combinations(
            relations.flatMap { relation -> [Pair] in
                let facts = valleys.residents.map { $0.fact(relation) }
                    .filter { valleys.exposure(of: $0) == .open }
                return facts.indices.flatMap { index in
                    [1, 2, 3, 5].map { (facts[index], facts[(index + $0) % facts.count]) }
                }
            })
    }

    /// A best friend and a fact about that friend; both are asked openly on their own.
    static func hops(in valleys: Valleys) -> Combinations {
        Combinations(
            valleys.residents.flatMap { resident -> [Pair] in
                let friend = resident.fact(.friend)
                guard valleys.exposure(of: friend) == .open else { return [] }
                let other = valleys.resident(resident.friend)
                return Relation.ofPeople.filter { $0 != .friend }.map(other.fact)
                    .filter { valleys.exposure(of: $0) == .open }.map { (friend, $0) }
            })
    }
}
