import Support

/// Counts comparisons of answers, each of which was judged twice with places exchanged.
struct PreferenceTally {
    private struct Counts {
        var wins = 0
        var ties = 0
        var losses = 0
        var compared: Int { wins + ties + losses }
    }

    private var answers: [Counts]
    /// Why answers were not compared, the first reason of each.
    private var reasons: [String?]
    private var pairs = 0
    /// The pairs that were decided, the preferred answer first.
    private(set) var preferred: [AnswerPair] = []
    private var tied = 0
    /// Pairs of the same text, which were not asked.
    private var same = 0
    private var unreadable = 0
    /// Pairs in which the judge chose the first answer it read, or the second, in both orders: position bias.
    private var firstTwice = 0
    private var secondTwice = 0
    /// Single verdicts for the answer that stood first, for the other, and for neither.
    private var forFirst = 0
    private var forSecond = 0
    private var forNeither = 0

    init(answers: Int) {
        self.answers = .init(repeating: Counts(), count: answers)
        reasons = .init(repeating: nil, count: answers)
    }

    /// Adds a pair of the same text: a tie.
    mutating func addSame(_ pair: AnswerPair) {
        pairs += 1
        same += 1
        tie(pair)
    }

    /// Adds a pair.
    ///
    /// - Parameters:
    ///   - verdict: with the pair's first answer in the first place
    ///   - exchanged: with its second answer there
    mutating func add(_ pair: AnswerPair, _ verdict: PreferenceVerdict, exchanged: PreferenceVerdict) {
        pairs += 1
        for verdict in [verdict, exchanged] {
            switch verdict {
            case .first: forFirst += 1
            case .second: forSecond += 1
            case .tie: forNeither += 1
            case .unreadable: break
            }
        }
        switch (verdict, exchanged) {
        case (.unreadable(let reason), _), (_, .unreadable(let reason)):
            unreadable += 1
            for answer in [pair.first, pair.second] where reasons[answer] == nil { reasons[answer] = reason }
        case (.first, .second):
            decide(pair)
        case (.second, .first):
            decide(AnswerPair(first: pair.second, second: pair.first))
        default:
            tied += 1
            if (verdict, exchanged) == (.first, .first) { firstTwice += 1 }
            if (verdict, exchanged) == (.second, .second) { secondTwice += 1 }
            tie(pair)
        }
    }

    private mutating func decide(_ pair: AnswerPair) {
        preferred.append(pair)
        answers[pair.first].wins += 1
        answers[pair.second].losses += 1
    }

    private mutating func tie(_ pair: AnswerPair) {
        answers[pair.first].ties += 1
        answers[pair.second].ties += 1
    }

    /// What was found of each answer, and the counts.
    var judgements: Judgements {
        let found = zip(answers, reasons).map { counts, reason -> Judgement in
            guard counts.compared > 0 else {
                return Judgement(unjudged: reason ?? "there is no other answer to compare it with")
            }
            return Judgement(
                score: (Double(counts.wins) + 0.5 * Double(counts.ties)) / Double(counts.compared),
                details: [
                    OrderedJSON.Member("wins", .integer(counts.wins)),
                    OrderedJSON.Member("ties", .integer(counts.ties)),
                    OrderedJSON.Member("losses", .integer(counts.losses)),
                ])
        }
        let verdicts = Double(forFirst + forSecond)
        let asked = Double(max(pairs - same - unreadable, 1))
        var counts = [
            "pairs": pairs, "decided": preferred.count, "tied": tied, "same_text": same,
            "unreadable": unreadable,
            "first_in_both_orders": firstTwice, "second_in_both_orders": secondTwice,
            "verdicts_for_first": forFirst, "verdicts_for_second": forSecond,
            "verdicts_for_neither": forNeither,
        ].mapValues(Double.init)
        // 0.5 is no bias; of 0 and 1 the verdicts follow the place alone.
        if verdicts > 0 { counts["first_place_rate"] = Double(forFirst) / verdicts }
        counts["inconsistent_rate"] = Double(firstTwice + secondTwice) / asked
        var parts = ["\(preferred.count) of \(pairs) pairs decided, \(tied + same) ties"]
        if firstTwice + secondTwice > 0 {
            parts.append("\(firstTwice) times the first and \(secondTwice) times the second in both orders")
        }
        if unreadable > 0 { parts.append("\(unreadable) pairs without a verdict") }
        return Judgements(found, counts: counts, parts: parts)
    }
}
