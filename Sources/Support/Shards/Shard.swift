import Foundation

/// One of n shards of a list: consecutive ranges of about the same length, each of which another process can work on.
///
///     let shard = try Shard("2/4")
///     shard.range(of: 10)             // 3..<6
///     let mine = try Shard("auto/4")  // task 2 of a Slurm array, rank 1 of mpirun
///
/// The ranges of all n shards are disjoint and together the whole list, in order. The first ones have one element more where n does not
/// divide the length; of a list shorter than n the last ones are empty.
public struct Shard: Hashable, Sendable, CustomStringConvertible {
    /// From 1 to `count`.
    public let number: Int
    /// Number of shards, n.
    public let count: Int

    /// The accepted numbers of shards: more than any cluster starts, and sums of them stay within an Int.
    public static let countLimits = 1...1_000_000

    /// - Parameters:
    ///   - number: from 1 to `count`
    ///   - count: within `countLimits`
    public init(_ number: Int, of count: Int) {
        precondition(
            Self.countLimits.contains(count) && (1...count).contains(number), "shard \(number) of \(count)")
        (self.number, self.count) = (number, count)
    }

    /// Parses `i/n` or `auto/n`.
    ///
    /// - Parameters:
    ///   - text: `i/n`, with i from 1 to n, or `auto/n`, whose i is the number that a scheduler gave this process
    ///   - environment: where `auto` looks for it, see `ProcessNumber`
    /// - Throws: `UserError` for other texts, and for `auto` where no number is set, two differ, or it is not within 1 to n
    public init(
        _ text: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let count = Self.number(parts[1]) else { throw Self.malformed(text) }
        if let problem = Self.countLimits.problem("\(text): the number of shards", count) {
            throw UserError(problem, status: .usage)
        }
        if parts[0] == "auto" {
            let found = try UserError.located(in: text) { try ProcessNumber(environment) }
            guard (1...count).contains(found.number) else {
                throw UserError(
                    "\(found.origin) is shard \(found.number), which is not within 1 to \(count)", file: text,
                    hint: found.variable.hint(count), status: .usage)
            }
            self.init(found.number, of: count)
        } else {
            guard let number = Self.number(parts[0]) else { throw Self.malformed(text) }
            if let problem = (1...count).problem("\(text): shard", number) {
                throw UserError(problem, status: .usage)
            }
            self.init(number, of: count)
        }
    }

    /// The elements of this shard in a list of `length` elements.
    public func range(of length: Int) -> Range<Int> {
        start(in: length, number)..<start(in: length, number + 1)
    }

    private func start(in length: Int, _ number: Int) -> Int {
        let (quotient, remainder) = length.quotientAndRemainder(dividingBy: count)
        return quotient * (number - 1) + min(number - 1, remainder)
    }

    /// `2/4`.
    public var description: String { "\(number)/\(count)" }

    /// Digits alone: `Int` reads a sign too.
    static func number(_ text: String) -> Int? {
        text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
    }

    private static func malformed(_ text: String) -> UserError {
        UserError("`\(text)` is not i/n with i from 1 to n, as 2/4, or auto/n", status: .usage)
    }
}

extension Shard: Codable {
    /// Decodes `2/4`.
    ///
    /// - Throws: `DecodingError` for anything else
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let shard = try? Shard(text, environment: [:]) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not a shard")
        }
        self = shard
    }

    /// Encodes `2/4`.
    ///
    /// - Throws: what the encoder throws
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
