import Corpora
import Foundation
import Support
import Tokenization

/// Two answers to a prompt of which one is preferred, in the form in which TRL reads preferences:
/// `{"prompt": […], "chosen": […], "rejected": […]}`, each a list of messages.
public struct PreferenceRecord: Equatable, Encodable, Sendable {
    /// The messages before the answer.
    public let prompt: [Message]
    /// The answer that is preferred, as one message.
    public let chosen: [Message]
    /// The other answer.
    public let rejected: [Message]

    /// Writes records as JSONL.
    ///
    /// - Throws: `UserError` when the disk refuses
    public static func write(_ records: [PreferenceRecord], to url: URL) throws {
        try AtomicFile.write(to: url) { writer in
            for record in records { try writer.writeLine(JSONEncoder.stable.encode(record)) }
        }
    }
}
