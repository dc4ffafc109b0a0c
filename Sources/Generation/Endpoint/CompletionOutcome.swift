import Foundation
import HTTP
import Support
import Tokenization

/// An answer of an endpoint.
struct CompletionAnswer: Codable, Equatable, Sendable {
    /// The text, with tool calls and reasoning as fields of the message.
    var message: Message
    /// Why the answer ended, in the endpoint's word; nil where it says nothing.
    var finishReason: String?
    var usage: TokenUsage
    /// The probabilities that were asked for in place of a text.
    var scores: PromptScores?
    /// The likeliest tokens at each token of the text, where they were asked for.
    var logprobs: AnswerLogprobs?

    private enum CodingKeys: String, CodingKey {
        case message, usage, scores, logprobs
        case finishReason = "finish_reason"
    }
}

/// What a request came to.
enum CompletionOutcome: Sendable {
    case answer(CompletionAnswer)
    /// This prompt will not be answered, for a reason; what the attempt cost.
    case refused(String, TokenUsage)
    /// Nothing was said although the model ran, as when reasoning took all tokens.
    case empty(String, TokenUsage)
    /// The same request may be answered later.
    case passing(PassingFailure)
    /// No prompt will be answered.
    case fatal(UserError)
}

/// A failure that may pass.
struct PassingFailure: Sendable {
    /// What kind of failure: it decides how long is waited.
    enum Kind: Sendable {
        /// The server cannot be reached, is overloaded or asks to wait: all requests are concerned.
        case unavailable
        /// This request failed, or its answer was damaged.
        case faulty
    }

    var kind: Kind
    var reason: String
    /// Seconds that the server asks to wait.
    var delay: Double?
    /// Whether the request may have been answered, and charged, nevertheless.
    var mayBeCharged = false
}
