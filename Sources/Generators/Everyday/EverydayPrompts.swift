/// Questions of everyday life over a grid of topics, for a teacher to answer: the files of data/everyday.
///
/// Nothing is drawn: the same call gives the same bytes on every machine.
public enum EverydayPrompts {
    /// Of each domain's topics every sixth is held out: no training prompt mentions it.
    private static func isHeldOut(_ topic: Int) -> Bool { topic % 6 == 5 }

    /// File names and their lines.
    public static var files: [(name: String, lines: [String])] {
        [
            ("prompts.jsonl", singleTurns(heldOut: false) + severalTurns(heldOut: false)),
            ("heldout-prompts.jsonl", singleTurns(heldOut: true) + severalTurns(heldOut: true)),
        ]
    }

    /// Every question about every topic.
    private static func singleTurns(heldOut: Bool) -> [String] {
        Domain.all.flatMap { domain in
            topics(of: domain, heldOut).flatMap { topic in
                domain.patterns.map { line([domain.question($0, topic)]) }
            }
        }
    }

    /// Two questions for each topic and, for every second topic, three.
    private static func severalTurns(heldOut: Bool) -> [String] {
        Domain.all.flatMap { domain in
            topics(of: domain, heldOut).enumerated().flatMap { index, topic in
                let first = domain.question(domain.patterns[index % domain.patterns.count], topic)
                let second = domain.question(domain.patterns[(index + 1) % domain.patterns.count], topic)
                let follow = domain.followUps[index % domain.followUps.count]
                let last = domain.followUps[(index + 1) % domain.followUps.count]
                return [line([first, follow])] + (index % 2 == 0 ? [line([second, last, follow])] : [])
            }
        }
    }

    private static func topics(of domain: Domain, _ heldOut: Bool) -> [String] {
        domain.topics.indices.filter { isHeldOut($0) == heldOut }.map { domain.topics[$0] }
    }

    /// A chat whose answers are empty, to be written by the teacher. The questions hold nothing that JSON escapes.
    private static func line(_ questions: [String]) -> String {
        let turns = questions.map { #"{"role":"user","content":"\#($0)"}"# }
        return #"{"messages":["# + turns.joined(separator: #",{"role":"assistant","content":""},"#) + "]}"
    }
}
