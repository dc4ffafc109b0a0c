/// A kind of fact: how it is told, and in which ways one may ask for it.
enum Relation: Int, CaseIterable, Sendable {
    case home, trade, likes, animal, owns, friend, birth
    case river, landmark, market
    case dayAfter, dayBefore, monthAfter, monthBefore, feastMonth, feastFood

    /// The relations of people that a sheet may hold.
    static let ofSheets: [Relation] = [.home, .trade, .likes, .animal, .owns, .friend]
    static let ofPeople: [Relation] = [.home, .trade, .likes, .animal, .owns, .friend, .birth]
    static let ofVillages: [Relation] = [.river, .landmark, .market]
}

/// One fact: `subject` and `value` as they stand in the telling sentence.
struct Fact: Hashable, Sendable {
    let relation: Relation
    /// "Aunt Tava", "the village of Brasel", "the Feast of Lanterns".
    let subject: String
    /// "a potter", "Brasel", "a goat called Pok".
    let value: String

    /// The one sentence that tells the fact, in sheets, stories and answers alike.
    var sentence: String { (clause + ".").capitalisedFirst }

    /// The sentence without its capital and its full stop, for use inside longer sentences.
    var clause: String { relation.forms.clause.filling(subject: subject, value: value) }

    /// The value as a reply on its own; accepted as an answer, though no training text answers so.
    var shortAnswer: String { (value + ".").capitalisedFirst }
}

extension String {
    var capitalisedFirst: String { prefix(1).uppercased() + dropFirst() }

    /// Replaces `{s}`, `{t}` (a second subject) and `{v}`.
    func filling(subject: String = "", second: String = "", value: String = "") -> String {
        var result = ""
        var rest = self[...]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            switch rest[rest.index(after: open)] {
            case "s": result += subject
            case "t": result += second
            case "v": result += value
            case let other: preconditionFailure("unknown slot {\(other)} in \(self)")
            }
            rest = rest[rest.index(open, offsetBy: 3)...]
        }
        return result + rest
    }
}
