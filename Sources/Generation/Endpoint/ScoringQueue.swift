/// The requests for many prompts, and the distributions of each prompt in order.
struct ScoringQueue {
    private let end: Int
    private let parts: (Int) throws -> [ScoredPrompt]
    /// Requests of the prompt that was begun last, in reverse.
    private var waiting: [(place: JournalLine.Place, prompt: ScoredPrompt)] = []
    /// The prompt that is begun next.
    private var begun: Int
    /// Requests taken.
    private var taken = 0
    /// What is there of each prompt that has not been passed on, by the number of the request.
    private var unfinished: [Int: [PromptScores?]] = [:]
    /// The prompt that is passed on next.
    private(set) var passed: Int

    /// Prompts that wait for an earlier one: beyond it, nothing new is asked.
    private static let mostWaiting = 1024

    /// - Parameters:
    ///   - numbers: of the prompts
    ///   - parts: the requests for a prompt
    init(_ numbers: Range<Int>, parts: @escaping (Int) throws -> [ScoredPrompt]) {
        (end, self.parts) = (numbers.upperBound, parts)
        (begun, passed) = (numbers.lowerBound, numbers.lowerBound)
    }

    /// The next request; nil where there is none now.
    mutating func next() throws -> (number: Int, place: JournalLine.Place, prompt: ScoredPrompt)? {
        while waiting.isEmpty, begun < end, begun - passed < Self.mostWaiting {
            let prompts = try parts(begun)
            waiting = prompts.enumerated().reversed().map { (.init(prompt: begun, turn: $0), $1) }
            unfinished[begun] = prompts.map { _ in nil }
            begun += 1
        }
        guard let (place, prompt) = waiting.popLast() else { return nil }
        defer { taken += 1 }
        return (taken, place, prompt)
    }

    /// Takes the distributions of a request; returns those of the prompts that are complete and whose predecessors are.
    mutating func finish(_ place: JournalLine.Place, _ scores: PromptScores) -> [PromptScores] {
        guard let number = place.prompt else { preconditionFailure("a request of no prompt") }
        unfinished[number]?[place.turn] = scores
        return ready()
    }

    /// The distributions of the prompts that are complete and whose predecessors are; a prompt without rows is complete at once.
    mutating func ready() -> [PromptScores] {
        var ready: [PromptScores] = []
        while let parts = unfinished[passed], parts.allSatisfy({ $0 != nil }) {
            unfinished[passed] = nil
            passed += 1
            ready.append(PromptScores(parts.compactMap { $0 }))
        }
        return ready
    }
}
