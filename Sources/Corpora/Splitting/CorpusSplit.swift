import Foundation
import Support

/// Divides a corpus into parts for training, validation and test, so that records of one origin are in one part.
///
/// Answers to the same prompt, and prompts about the same document, are alike: a test that has some of them where training has others
/// measures memory. The part of a record is a hash of its origin and the seed alone: it stays the same when the corpus grows.
///
///     let split = CorpusSplit(validation: 0.05, test: 0.05, seed: 1)
///     let summary = try split.run(reader, to: [train, validation, test])
public struct CorpusSplit: Sendable {
    /// The parts, in their order.
    public static let partNames = ["train", "validation", "test"]

    /// Keys that hold an origin, in the order in which they are looked for: as `generate` and the stage `prompts` write it.
    public static let originKeys = ["meta.source.origin", "meta.origin"]

    private let validation: Double
    private let test: Double
    private let key: String?
    private let seed: UInt64

    /// What a split gave.
    public struct Summary: Equatable, Sendable {
        /// Records of each part.
        public internal(set) var records = [Int](repeating: 0, count: partNames.count)
        /// Origins of each part.
        public internal(set) var origins = [Int](repeating: 0, count: partNames.count)
        /// Records of the most frequent origin.
        public internal(set) var largestOrigin = 0
    }

    /// - Parameters:
    ///   - validation: the expected fraction of origins for validation
    ///   - test: the expected fraction of origins for the test
    ///   - key: the key of a record that holds its origin, such as `meta.topic`; nil for the first of `originKeys` that a record has, and
    ///     for others the words of the first turn of the user, or of the text
    ///   - seed: of the division
    /// - Precondition: the fractions are in 0..<1, and so is their sum
    public init(validation: Double, test: Double, key: String? = nil, seed: UInt64) {
        precondition(validation >= 0 && test >= 0 && validation + test < 1, "fractions of a split")
        self.validation = validation
        self.test = test
        self.key = key
        self.seed = seed
    }

    /// Divides a corpus; records keep their lines and their order.
    ///
    /// - Parameters:
    ///   - reader: the corpus
    ///   - outputs: a JSONL file for each of `partNames`
    /// - Throws: `UserError` for mistakes in the files, for a record without `key`, and if a part that should have records has none;
    ///   `Interrupted`
    public func run(_ reader: CorpusReader, to outputs: [URL]) throws -> Summary {
        precondition(outputs.count == Self.partNames.count, "an output for each part")
        var counts: [UInt64: (part: Int, records: Int)] = [:]
        try AtomicFile.write(to: outputs[0]) { train in
            try AtomicFile.write(to: outputs[1]) { validation in
                try AtomicFile.write(to: outputs[2]) { test in
                    try reader.forEachCandidate {
                        (try origin(of: $0), try $0.lineBytes())
                    } then: {
                        origin, line in
                        let part = part(of: origin)
                        counts[origin, default: (part, 0)].records += 1
                        switch part {
                        case 0: try train.writeLine(line)
                        case 1: try validation.writeLine(line)
                        default: try test.writeLine(line)
                        }
                    }
                    try requireRecords(counts.values.map(\.part), of: counts.count)
                }
            }
        }
        var summary = Summary()
        for (part, records) in counts.values {
            summary.records[part] += records
            summary.origins[part] += 1
            summary.largestOrigin = max(summary.largestOrigin, records)
        }
        return summary
    }

    /// The hash of a record's origin.
    private func origin(of record: CandidateRecord) throws -> UInt64 {
        if let key {
            guard let value = try record.value(at: key) else {
                throw UserError(
                    "has no key \"\(key)\", by which the corpus is divided", file: record.location.file,
                    line: record.location.line)
            }
            return hash(Data(value.text.utf8))
        }
        if let value = try record.firstValue(at: Self.originKeys) { return hash(Data(value.text.utf8)) }
        let words: NormalizedWords
        switch record.record {
        case .text(let text): words = NormalizedWords(text)
        case .chat(let messages, _):
            words = NormalizedWords(messages.first { $0.role == .user }?.content ?? "")
        }
        return hash(Data(words.bytes))
    }

    private func hash(_ origin: Data) -> UInt64 {
        let digest = Fingerprint(hashing: [Data("split \(seed)".utf8), origin]).hexadecimal
        return UInt64(digest.prefix(16), radix: 16)!
    }

    private func part(of origin: UInt64) -> Int {
        let place = Double(origin >> 11) * 0x1p-53
        return place < test ? 2 : place < test + validation ? 1 : 0
    }

    private func requireRecords(_ parts: [Int], of origins: Int) throws {
        for (part, fraction) in [1 - validation - test, validation, test].enumerated() where fraction > 0 {
            guard !parts.contains(part) else { continue }
            throw UserError(
                "no record falls into \(Self.partNames[part]): there are only \(origins) origins",
                hint: "raise its fraction, or divide by another key", status: .dataFormat)
        }
    }
}
