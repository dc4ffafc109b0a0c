import Foundation
import Signals

/// Gives the batches of a run.
///
/// A batch depends on its number and on the source's state, which is saved with the training's: a resumed run sees what
/// it would have seen.
public protocol BatchSource {
    /// The parts of step `step` (from 0), whose gradients are summed. Steps are asked for in order.
    func batches(forStep step: Int) throws -> [TrainingBatch]

    /// Learns of the student's loss on held-out text, where it is measured.
    func observe(heldOutLoss: Double)

    /// What later batches depend on besides their number; nil where that is nothing.
    func savedState() throws -> Data?

    /// Goes on from a saved state.
    ///
    /// - Throws: where `state` is not this source's
    func restore(_ state: Data) throws

    /// The teacher's hidden states that the batches bring from a cache; nil for none.
    var hiddenLayers: HiddenLayers? { get }

    /// Numbers about the latest batches, for the log.
    var figures: [String: Double] { get }
}

extension BatchSource {
    public func observe(heldOutLoss: Double) {}
    public func savedState() throws -> Data? { nil }
    public func restore(_ state: Data) throws {}
    public var hiddenLayers: HiddenLayers? { nil }
    public var figures: [String: Double] { [:] }
}
