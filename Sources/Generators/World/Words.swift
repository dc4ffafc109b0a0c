/// The common nouns of the world and of the sheets. Each list is larger than any sheet, so the values in one
/// sheet can always differ.
enum Words {
    static let trades = [
        "baker", "potter", "weaver", "miller", "fisher", "smith", "tailor", "carpenter", "gardener", "cook",
        "shepherd", "teacher", "painter", "singer", "ferryman", "beekeeper", "cobbler", "doctor", "hunter",
        "farmer", "clockmaker", "printer", "mason", "glazier", "brewer", "dancer", "sailor", "saddler",
        "tinker", "librarian",
    ]

    static let foods = [
        "plum cake", "onion soup", "honey bread", "apple pie", "baked beans", "fried fish", "pea soup",
        "cherry jam", "goat cheese", "roast corn", "mushroom stew", "barley porridge", "pear tart",
        "nut bread", "egg noodles", "carrot soup", "salted herring", "berry pudding", "bean stew",
        "potato cakes", "cream buns", "ginger cake", "leek pie", "smoked trout", "oat biscuits",
        "pumpkin soup", "mint tea", "warm milk", "dried figs", "rice pudding",
    ]

    static let animals = [
        "goat", "cat", "dog", "hen", "duck", "horse", "cow", "sheep", "rabbit", "donkey", "goose", "pig",
        "parrot", "mouse", "hedgehog", "pony",
    ]

    static let colours = [
        "red", "green", "blue", "yellow", "white", "black", "brown", "grey", "silver", "golden", "purple",
        "pink",
    ]

    static let objects = [
        "lantern", "kettle", "boat", "drum", "hat", "coat", "ladder", "basket", "flute", "clock", "chair",
        "umbrella", "wagon", "mirror", "blanket", "teapot", "bell", "kite", "ring", "chest", "broom", "map",
        "spade", "barrel",
    ]

    static let landmarks = [
        "windmill", "stone bridge", "watchtower", "round pond", "bell tower", "wishing well", "great oak",
        "ferry house", "salt cave", "rose garden", "market hall", "hot spring", "glass house", "lighthouse",
        "maze", "observatory", "waterfall", "fountain", "harbour", "library",
    ]

    /// Every single word of the lists: a name spelt like one of them would confuse a reader.
    static let all = Set(
        (trades + foods + animals + colours + objects + landmarks).flatMap { $0.split(separator: " ") }.map(
            String.init))

    /// "a goat", "an umbrella".
    static func withArticle(_ noun: String) -> String {
        ("aeiou".contains(noun.prefix(1)) ? "an " : "a ") + noun
    }
}
