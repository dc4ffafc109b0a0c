/// The calendar of the valleys: a week of seven days, a year of ten months, eight feasts.
enum Calendar {
    static let days = ["Sowday", "Millday", "Rainday", "Hearthday", "Cartday", "Fishday", "Restday"]

    static let months = [
        "Budmoon", "Rainmoon", "Haymoon", "Berrymoon", "Cornmoon", "Mistmoon", "Leafmoon", "Frostmoon",
        "Snowmoon", "Candlemoon",
    ]

    /// Each feast with its month and what is eaten then.
    static let feasts: [(name: String, month: String, food: String)] = [
        ("the Feast of Seeds", "Budmoon", "pancakes"),
        ("the Feast of Kites", "Rainmoon", "egg noodles"),
        ("the Feast of Boats", "Haymoon", "fried fish"),
        ("the Feast of Bees", "Berrymoon", "honey bread"),
        ("the Feast of Bread", "Cornmoon", "nut bread"),
        ("the Feast of Lanterns", "Mistmoon", "pumpkin soup"),
        ("the Feast of Bells", "Frostmoon", "ginger cake"),
        ("the Feast of Candles", "Candlemoon", "cream buns"),
    ]

    static let facts: [Fact] =
        order(days, after: .dayAfter, before: .dayBefore)
        + order(months, after: .monthAfter, before: .monthBefore)
        + feasts.map { Fact(relation: .feastMonth, subject: $0.name, value: $0.month) }
        + feasts.map { Fact(relation: .feastFood, subject: $0.name, value: $0.food) }

    /// Both cycles close: after the last comes the first.
    private static func order(_ names: [String], after: Relation, before: Relation) -> [Fact] {
        names.indices.flatMap { index in
            let next = names[(index + 1) % names.count]
            return [
                Fact(relation: after, subject: names[index], value: next),
                Fact(relation: before, subject: next, value: names[index]),
            ]
        }
    }
}
