import Support

/// A line of an answer journal.
struct JournalLine: Codable {
    enum Event: String, Codable {
        /// The first line: what is asked.
        case opened
        /// A first request, which looks whether there is an answer at all, was answered.
        case probed
        /// A request is about to be sent.
        case sent
        /// It was answered.
        case answered
        /// It was refused for good.
        case refused
        /// It ended without an answer.
        case unanswered
        /// Prompts that were refused are to be asked again.
        case withdrawn
    }

    /// The record that a request is for.
    struct Place: Codable, Equatable, Sendable {
        /// Index of the prompt, from 0; nil for the first request, which looks whether there is an answer at all.
        var prompt: Int?
        /// Number of the answer among those to the same prompt.
        var sample = 0
        /// Number of the answer within its record.
        var turn = 0
    }

    var event: Event
    /// Number of the request, from 1.
    var request: Int?
    var key: Fingerprint?
    var place: Place?
    /// What the request takes at most.
    var reserved: TokenUsage?
    var answer: CompletionAnswer?
    /// What a refused request took.
    var usage: TokenUsage?
    var reason: String?
    /// Whether a request without an answer may have been charged.
    var mayBeCharged: Bool?
    /// Of `opened`.
    var endpoint, model: String?
    /// Of `withdrawn`.
    var keys: [Fingerprint]?

    private enum CodingKeys: String, CodingKey {
        case event, request, key, place, reserved, answer, usage, reason, endpoint, model, keys
        case mayBeCharged = "may_be_charged"
    }

    init(_ event: Event) { self.event = event }
}
