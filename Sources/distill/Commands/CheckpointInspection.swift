import Checkpoints
import Foundation
import Transformer

/// What `distill inspect` prints about a checkpoint.
struct CheckpointInspection: Inspection {
    let shape: Configuration
    let parameters: Int
    /// Of the weight files.
    let bytes: Int
    /// Kind and vocabulary size of the tokenizer; nil without one.
    let tokenizer: String?
    /// Whether there is a chat template that is understood.
    let hasTemplate: Bool
    /// The template's name; nil if it has none.
    let template: String?
    /// Why the template cannot be used.
    let templateFault: String?
    let stopIds: [Int32]
    let fingerprint: String

    init(_ url: URL) throws {
        let checkpoint = try Checkpoint.load(url)
        shape = checkpoint.decoder.configuration
        parameters = shape.parameterCount
        bytes = try Checkpoint.weightBytes(at: url)
        tokenizer = checkpoint.tokenizer.map { "\($0.kind.rawValue), \($0.vocabularySize) pieces" }
        templateFault = checkpoint.chatTemplate?.fault
        hasTemplate = checkpoint.chatTemplate != nil && templateFault == nil
        template = checkpoint.chatTemplate?.name
        stopIds = checkpoint.stopIDs.sorted()
        fingerprint = try Checkpoint.fingerprint(at: url).hexadecimal
    }

    var kindOfThing: String { "checkpoint" }

    private var feedForward: String {
        guard let experts = shape.experts else { return "\(shape.feedForward)" }
        return "\(experts.count) experts of \(shape.feedForward), \(experts.perToken) for each token"
    }

    var rows: [[String]] {
        [
            ["family", shape.family.name], ["parameters", "\(parameters)"],
            ["bytes of weights", "\(bytes)"],
            ["bytes a weight", decimal(Double(bytes) / Double(parameters), 2)],
            ["layers", "\(shape.layers)"], ["width", "\(shape.width)"],
            [
                "heads",
                "\(shape.heads) of \(shape.headDimension), \(shape.keyValueHeads) for keys and values",
            ],
            ["feed-forward", feedForward], ["vocabulary", "\(shape.vocabularySize)"],
            ["head", shape.tiedHead ? "tied to the embedding" : "its own"],
            ["context", "\(shape.contextLength)"],
            shape.family.positions == .learned
                ? ["positions", "learned"] : ["rotary base", "\(shape.ropeTheta)"],
            ["tokenizer", tokenizer ?? "none"],
            ["chat template", hasTemplate ? template ?? "the model's own" : templateFault ?? "none"],
            ["stop ids", stopIds.map(String.init).joined(separator: " ")],
            ["SHA-256", String(fingerprint.prefix(16))],
        ]
    }
}
