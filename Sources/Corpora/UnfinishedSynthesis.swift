import Foundation
import Support

/// What answers are made from. Work begun from one origin is not continued from another.
struct SynthesisOrigin: Codable, Equatable {
    let model: Fingerprint
    let template: String
    let prompts: Fingerprint
    let options: Synthesis.Options

    /// How this differs from the origin of work found on disk, in words.
    func differences(from other: SynthesisOrigin) -> [String] {
        var lines: [String] = []
        if model != other.model { lines.append("the model differs") }
        if template != other.template { lines.append("the chat template differs") }
        if prompts != other.prompts { lines.append("the prompts differ") }
        if options.sampling != other.options.sampling { lines.append("the sampling differs") }
        if options.samples != other.options.samples {
            lines.append("samples is \(options.samples) here and \(other.options.samples) there")
        }
        if options.seed != other.options.seed {
            lines.append("the seed is \(options.seed) here and \(other.options.seed) there")
        }
        if options.stop != other.options.stop { lines.append("the stop strings differ") }
        return lines
    }
}

/// The files of a synthesis that is not finished: `OUTPUT.partial` with the answers so far, and
/// `OUTPUT.partial.json` with what they are made from.
struct UnfinishedSynthesis {
    let output: URL

    var url: URL { output.appendingPathExtension("partial") }
    private var originURL: URL { url.appendingPathExtension("json") }

    /// Opens the answers so far, none at first.
    ///
    /// - Throws: `UserError` when they were made from something else, or the directory cannot be written
    func open(for origin: SynthesisOrigin) throws -> AppendLog {
        if FileManager.default.fileExists(atPath: originURL.path) {
            let data = try Data(contentsOf: originURL)
            guard let found = try? JSONDecoder().decode(SynthesisOrigin.self, from: data) else {
                throw UserError("is damaged", file: originURL.relativePath, remedy: remedy)
            }
            let differences = origin.differences(from: found)
            guard differences.isEmpty else {
                throw UserError(
                    "is unfinished work of other settings: " + differences.joined(separator: "; "),
                    file: url.relativePath, remedy: remedy, status: .cannotCreate)
            }
        } else {
            try AtomicFile.write(try JSONEncoder.stable.encode(origin), to: originURL)
        }
        return try AppendLog(at: url)
    }

    private var remedy: String { "delete \(url.lastPathComponent)* to start afresh, or name another output" }

    /// Gives the answers their final name.
    func finish() throws {
        try AtomicFile.install(url, as: output)
        try? FileManager.default.removeItem(at: originURL)
    }
}

extension JSONEncoder {
    /// Equal values give equal bytes.
    static var stable: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
