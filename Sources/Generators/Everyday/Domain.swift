/// A field of everyday life: things people ask about, and how they ask.
///
/// Every pattern fits every topic, so that the questions are all pairs of the two.
struct Domain: Sendable {
    let topics: [String]
    /// Questions with `#` in the topic's place.
    let patterns: [String]
    /// What may be asked next, whatever was answered.
    let followUps: [String]

    init(_ topics: String, _ patterns: [String], then followUps: [String]) {
        self.topics = topics.split(separator: ", ").map(String.init)
        self.patterns = patterns
        self.followUps = followUps
    }

    func question(_ pattern: String, _ topic: String) -> String {
        pattern.split(separator: "#", omittingEmptySubsequences: false).joined(separator: topic)
    }
}

extension Domain {
    static let all: [Domain] = [
        Domain(
            "tomato soup, pancakes, fried rice, apple pie, lentil stew, scrambled eggs, vegetable curry, noodle salad, pizza, chicken broth, potato salad, oatmeal",
            [
                "How do I make #?", "What goes well with #?", "How can I make # taste better?",
                "What is a common mistake with #?",
            ],
            then: ["How long does it take?", "What if I have no salt?", "Can I make it the day before?"]),
        Domain(
            "bread, milk, fresh herbs, strawberries, cheese, potatoes, coffee, honey, carrots, cooked rice, bananas, olive oil",
            [
                "How do I keep # fresh?", "How long can I keep #?",
                "How can I tell that I should throw away #?", "What can I do with leftover #?",
            ],
            then: ["Can I freeze it?", "Where in the kitchen should it stand?", "Is there another way?"]),
        Domain(
            "a wooden table, a carpet, windows, a kitchen sink, white shoes, an oven, a keyboard, curtains, a leather bag, a mirror, a frying pan, a mattress",
            [
                "How do I clean #?", "How often should I clean #?", "What should I never use to clean #?",
                "Is there a cheap way to clean #?",
            ],
            then: ["What if the stain stays?", "Do I need gloves?", "How long will it take?"]),
        Domain(
            "roses, basil, tomatoes, a cactus, an apple tree, lettuce, sunflowers, ivy, an orchid, strawberries, lavender, onions",
            [
                "How do I grow #?", "How much water and light suits #?", "What harms #?",
                "When is the best time to plant #?",
            ],
            then: ["Can I do that on a balcony?", "What about in winter?", "How soon will I see results?"]),
        Domain(
            "cats, bees, owls, rabbits, horses, whales, ants, parrots, foxes, turtles, spiders, penguins",
            [
                "What do # eat?", "Where do # live?", "Tell me something surprising about #.",
                "Why are # important to people?",
            ],
            then: ["How long do they live?", "Are they ever dangerous?", "How do they care for their young?"]),
        Domain(
            "the moon, rain, the wind, a volcano, a rainbow, thunder, a river, the tides, snow, fog, an earthquake, the stars",
            [
                "Tell me about #.", "How would you explain # to a child?", "What causes or made #?",
                "Why do people find # interesting?",
            ],
            then: ["Can you say that in simpler words?", "Where can I see it best?", "Why does that matter?"]),
        Domain(
            "sleep better, have more energy, worry less, drink more water, sit less, eat more vegetables, get up earlier, stop biting my nails, spend less time on my phone, remember names, stay calm, be more patient",
            [
                "How can I #?", "Why is it hard to #?", "What is a small first step to #?",
                "A friend wants to #. What would you tell her?",
            ],
            then: ["How long until it works?", "What if I fail?", "Can you give me one more idea?"]),
        Domain(
            "playing the guitar, swimming, drawing, cooking, a new language, chess, typing fast, dancing, taking photographs, knitting, running, public speaking",
            [
                "How do I start learning #?", "What helps me get better at #?", "Why do people enjoy #?",
                "How much time does # need each week?",
            ],
            then: ["Do I need a teacher?", "Is it expensive?", "What should I do on the first day?"]),
        Domain(
            "a weekend at the sea, a hike in the mountains, a long train ride, a week in a big city, a camping trip, a winter holiday, a visit to my grandparents, a business trip, a picnic, a bicycle tour, a day at the zoo, a flight at night",
            [
                "What should I pack for #?", "How do I prepare for #?", "What could go wrong on #?",
                "How can I save money on #?",
            ],
            then: ["What if it rains?", "And with small children?", "What do people usually forget?"]),
        Domain(
            "my neighbour, my teacher, my little brother, an old friend, my boss, my grandmother, a new colleague, my landlord, a shy guest, my cousin",
            [
                "What is a good small gift for #?", "How do I start a conversation with #?",
                "How do I say sorry to #?", "How can I thank #?",
            ],
            then: [
                "What should I avoid?", "Can you write one sentence for me?", "What if they do not answer?",
            ]),
        Domain(
            "hot and sunny, cold and windy, rainy, snowy, foggy, stormy, warm in the day and cold at night, grey for weeks",
            [
                "What should I wear when it is #?", "What can I do with children when it is #?",
                "How do I look after my garden when it is #?", "How do I stay in a good mood when it is #?",
            ],
            then: ["What about my shoes?", "Any other idea?", "What should I not do?"]),
        Domain(
            "a letter of thanks, a shopping list, a birthday card, a short story, a speech for a wedding, a diary, a recipe, a note to a neighbour",
            [
                "How do I write #?", "How should # begin?", "What makes # good?", "How long should # be?",
            ],
            then: ["Can you give me an example?", "What should I leave out?", "How should it end?"]),
    ]
}
