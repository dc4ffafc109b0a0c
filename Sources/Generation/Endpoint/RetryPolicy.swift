import Foundation
import Support

/// When a request is sent again: exponential back-off with full jitter, and no earlier than a server asks for.
///
/// The wait before the n-th retry is drawn uniformly from 0 to `firstDelay` · 2ⁿ⁻¹, at most `longestDelay`: clients that failed
/// together do not come back together (Brooker, "Exponential Backoff And Jitter", AWS 2015).
public struct RetryPolicy: Equatable, Sendable {
    /// How often a request is sent again while others are answered.
    public var retries = 8
    /// The longest first wait, in seconds.
    public var firstDelay = 1.0
    /// Seconds without any answer after which the run ends, to be resumed later.
    public var patience = 600.0
    /// Prompts that fail one after another, without an answer between them, after which the run ends.
    public var mostFailuresInARow = 20

    /// The accepted numbers of retries.
    public static let retriesLimits = 0...100
    /// The accepted first waits, in seconds.
    public static let delayLimits = NumberLimits(0.001...600)
    /// The accepted patience, in seconds.
    public static let patienceLimits = NumberLimits(0...604_800)
    /// The accepted numbers of failures in a row.
    public static let failuresLimits = 1...1_000_000
    /// The longest wait that the client chooses itself, in seconds.
    static let longestDelay = 60.0

    /// The defaults.
    public init() {}

    /// Seconds before the `attempt`-th retry, from 1.
    ///
    /// - Parameters:
    ///   - uniform: a random number of [0, 1)
    ///   - asked: the seconds that the server asks for
    func delay(attempt: Int, uniform: Double, asked: Double?) -> Double {
        let bound = min(firstDelay * pow(2, Double(min(attempt - 1, 30))), max(Self.longestDelay, firstDelay))
        // Just after the time a server names, all clients come back; the jitter spreads them.
        return max(0, asked ?? 0) + uniform * bound
    }
}
