/// Small sums: additions with a total of at most 20, and the subtractions that undo them.
struct Sum: Hashable, Sendable {
    let isAddition: Bool
    let left: Int
    let right: Int

    var result: Int { isAddition ? left + right : left - right }
    var answer: String { isAddition ? "That makes \(result)." : "That leaves \(result)." }
    /// The result alone is accepted too.
    var answers: [String] { [answer, "\(result).", "\(result)"] }

    static let all: [Sum] = (0...20).flatMap { total in
        (0...total).flatMap { part in
            [
                Sum(isAddition: true, left: part, right: total - part),
                Sum(isAddition: false, left: total, right: part),
            ]
        }
    }

    /// A few additions are never trained, but their mirror images are (3 + 8 for 8 + 3).
    private static let heldOutAdditions: Set<[Int]> = [
        [9, 4], [8, 3], [7, 5], [6, 2], [11, 5], [12, 6], [10, 3], [13, 4], [8, 6], [9, 7], [14, 5], [5, 3],
    ]

    var isHeldOut: Bool { isAddition && Self.heldOutAdditions.contains([left, right]) }

    static let seen = all.filter { !$0.isHeldOut }
    static let heldOut = all.filter(\.isHeldOut)

    /// Every phrasing of a sum; all are seen in training.
    func question(_ phrasing: Int) -> String {
        let sign = isAddition ? "plus" : "minus"
        return switch phrasing % Self.phrasings {
        case 0: "What is \(left) \(sign) \(right)?"
        case 1: "How much is \(left) \(sign) \(right)?"
        case 2: "Can you tell me how much \(left) \(sign) \(right) is?"
        default: "Please tell me what \(left) \(sign) \(right) is."
        }
    }

    static let phrasings = 4

    /// The sum as a little story about `person` and `things`.
    func tale(of person: Person, things: String) -> String {
        let gains = "\(person.full) has \(left) \(things) and gets \(right) more."
        let losses = "\(person.full) has \(left) \(things) and gives away \(right)."
        return (isAddition ? gains : losses) + " How many \(things) is that?"
    }

    static let things = ["plums", "eggs", "apples", "nuts", "pears", "buttons", "candles", "coins"]
}
