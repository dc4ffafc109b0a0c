extension Relation {
    /// The sentences and questions of this relation.
    var forms: RelationForms { Self.table[rawValue] }

    private static let table: [RelationForms] = allCases.map { relation in
        switch relation {
        case .home, .trade, .likes, .animal, .owns, .friend, .birth: relation.formsOfPeople
        case .river, .landmark, .market: relation.formsOfVillages
        default: relation.formsOfCalendar
        }
    }

    private var formsOfPeople: RelationForms {
        switch self {
        case .home:
            RelationForms(
                clause: "{s} lives in {v}",
                cores: [
                    Core("where does {s} live", "where {s} lives"),
                    Core("in which village does {s} live", "in which village {s} lives"),
                    Core("what is the home of {s}", "what the home of {s} is"),
                ],
                heldOutCore: Core("which village is the home of {s}"),
                reverse: Core("who lives in {v}"),
                plural: Core("where do {s} and {t} live", "where {s} and {t} live"))
        case .trade:
            RelationForms(
                clause: "{s} works as {v}",
                cores: [
                    Core("what does {s} work as", "what {s} works as"),
                    Core("what is the trade of {s}", "what the trade of {s} is"),
                    Core("which trade does {s} have", "which trade {s} has"),
                ],
                heldOutCore: Core("what trade does {s} work in", "what trade {s} works in"),
                reverse: Core("who works as {v}"),
                plural: Core("what do {s} and {t} work as", "what {s} and {t} work as"))
        case .likes:
            RelationForms(
                clause: "{s} likes {v}",
                cores: [
                    Core("what does {s} like to eat", "what {s} likes to eat"),
                    Core("which food does {s} like", "which food {s} likes"),
                    Core("what is the favourite food of {s}", "what the favourite food of {s} is"),
                ],
                heldOutCore: Core("which food does {s} like to eat", "which food {s} likes to eat"),
                reverse: Core("who likes {v}"),
                plural: Core("what do {s} and {t} like to eat", "what {s} and {t} like to eat"))
        case .animal:
            RelationForms(
                clause: "{s} has {v}",
                cores: [
                    Core("which animal does {s} have", "which animal {s} has"),
                    Core("what is the animal of {s} called", "what the animal of {s} is called"),
                    Core("what animal does {s} keep", "what animal {s} keeps"),
                ],
                heldOutCore: Core("which animal does {s} keep", "which animal {s} keeps"),
                reverse: Core("who has {v}"))
        case .owns:
            RelationForms(
                clause: "{s} owns {v}",
                cores: [
                    Core("what does {s} own", "what {s} owns"),
                    Core("which thing does {s} own", "which thing {s} owns"),
                    Core("what belongs to {s}"),
                ],
                heldOutCore: Core("which thing belongs to {s}"),
                reverse: Core("who owns {v}"))
        case .friend:
            RelationForms(
                clause: "the best friend of {s} is {v}",
                cores: [
                    Core("whom does {s} call a best friend", "whom {s} calls a best friend"),
                    Core("who is the best friend of {s}", "who the best friend of {s} is"),
                    Core("what is the best friend of {s} called", "what the best friend of {s} is called"),
                ],
                heldOutCore: Core("who is called the best friend of {s}"))
        default:
            RelationForms(
                clause: "{s} was born in {v}",
                cores: [
                    Core("when was {s} born", "when {s} was born"),
                    Core("in which month was {s} born", "in which month {s} was born"),
                    Core("what is the birth month of {s}", "what the birth month of {s} is"),
                ],
                heldOutCore: Core("which month is the birth month of {s}"),
                plural: Core("when were {s} and {t} born", "when {s} and {t} were born"))
        }
    }

    private var formsOfVillages: RelationForms {
        switch self {
        case .river:
            RelationForms(
                clause: "{s} lies on the river {v}",
                cores: [
                    Core("on which river does {s} lie", "on which river {s} lies"),
                    Core("which river flows by {s}"),
                    Core("what is the river of {s} called", "what the river of {s} is called"),
                ],
                heldOutCore: Core("which is the river of {s}"),
                reverse: Core("which village lies on the river {v}"))
        case .landmark:
            RelationForms(
                clause: "{s} has {v} to see",
                cores: [
                    Core("what does {s} have to see", "what {s} has to see"),
                    Core("what is there to see in {s}", "what there is to see in {s}"),
                    Core("which sight can I see in {s}", "which sight I can see in {s}"),
                ],
                heldOutCore: Core("which sight is there to see in {s}"),
                reverse: Core("which village has {v} to see"))
        default:
            RelationForms(
                clause: "{s} holds a market on {v}",
                cores: [
                    Core("when does {s} hold a market", "when {s} holds a market"),
                    Core("on which day does {s} hold a market", "on which day {s} holds a market"),
                    Core("what is the market day of {s}", "what the market day of {s} is"),
                ],
                heldOutCore: Core("which day is the market day of {s}"))
        }
    }

    private var formsOfCalendar: RelationForms {
        switch self {
        case .dayAfter: order(of: "day", direction: "after", verb: "follows")
        case .dayBefore: order(of: "day", direction: "before", verb: "leads to")
        case .monthAfter: order(of: "month", direction: "after", verb: "follows")
        case .monthBefore: order(of: "month", direction: "before", verb: "leads to")
        case .feastMonth:
            RelationForms(
                clause: "{s} is in {v}",
                cores: [
                    Core("when is {s}", "when {s} is"),
                    Core("in which month is {s}", "in which month {s} is"),
                    Core("what is the month of {s}", "what the month of {s} is"),
                ],
                heldOutCore: Core("which is the month of {s}"))
        default:
            RelationForms(
                clause: "the food at {s} is {v}",
                cores: [
                    Core("what do people eat at {s}", "what people eat at {s}"),
                    Core("which food do people eat at {s}", "which food people eat at {s}"),
                    Core("what is the food of {s}", "what the food of {s} is"),
                ],
                heldOutCore: Core("what is there to eat at {s}", "what there is to eat at {s}"))
        }
    }

    private func order(of unit: String, direction: String, verb: String) -> RelationForms {
        RelationForms(
            clause: "the \(unit) \(direction) {s} is {v}",
            cores: [
                Core("which \(unit) comes \(direction) {s}"),
                Core("what is the \(unit) \(direction) {s}", "what the \(unit) \(direction) {s} is"),
                Core("which \(unit) \(verb) {s}"),
            ],
            heldOutCore: Core("which is the \(unit) \(direction) {s}"))
    }
}
