import Foundation
import Signals

/// Provides the batches of a training run.
///
/// A batch depends on its step and on the source's state, which is saved with the training state: a resumed run gets the same
/// batches.
public protocol BatchSource {
    /// The batches of step `step`, from 0, whose gradients are summed. Steps are requested in order.
    ///
    /// - Throws: `UserError` when a batch cannot be read
    func batches(forStep step: Int) throws -> [TrainingBatch]

    /// Receives the student's loss on held-out text, where it is measured.
    func observe(heldOutLoss: Double)

    /// The state that later batches depend on in addition to their step; nil where there is none.
    ///
    /// - Throws: where the state cannot be encoded
    func savedState() throws -> Data?

    /// Continues from a saved state.
    ///
    /// - Throws: where `state` is not this source's
    func restore(_ state: Data) throws

    /// The layers whose hidden states the batches have from a cache; nil for none.
    var hiddenLayers: HiddenLayers? { get }

    /// Metrics of the latest batches by name, for the log.
    var metrics: [String: Double] { get }
}

extension BatchSource {
    /// Ignores the loss.
    public func observe(heldOutLoss: Double) {}
    /// No state.
    ///
    /// - Throws: nothing
    public func savedState() throws -> Data? { nil }
    /// Nothing to restore.
    ///
    /// - Throws: nothing
    public func restore(_ state: Data) throws {}
    /// No hidden states.
    public var hiddenLayers: HiddenLayers? { nil }
    /// No metrics.
    public var metrics: [String: Double] { [:] }
}
