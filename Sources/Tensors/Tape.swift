/// Records the operations of a forward pass, to run their backward passes in reverse.
///
/// Operations look for the tape of the current task; without one, or when no input needs a gradient, they record
/// nothing and keep no buffers.
///
///     let (loss, tape) = Tape.record { model.loss(batch) }
///     tape.backward(from: loss)
public final class Tape: @unchecked Sendable {
    @TaskLocal static var current: Tape?

    private struct Step {
        let output: GradientSlot
        let backward: (Tensor) -> Void
    }

    private var steps: [Step] = []

    private init() {}

    /// Runs `body` with a fresh tape.
    public static func record<R>(_ body: () throws -> R) rethrows -> (R, Tape) {
        let tape = Tape()
        let result = try $current.withValue(tape, operation: body)
        return (result, tape)
    }

    /// Runs the backward passes for the gradient of `loss`, last operation first. Each operation's saved buffers are released as soon as
    /// it is done; operations that no gradient reached are skipped.
    public func backward(from loss: Tensor) {
        precondition(loss.count == 1, "gradients are taken of a scalar, not of \(loss.shape)")
        loss.gradient = Tensor(shape: loss.shape, values: [1])
        while let step = steps.popLast() {
            guard let gradient = step.output.value else { continue }
            step.output.value = nil
            step.backward(gradient)
        }
    }

    /// Records that `output` was computed from `inputs`. `backward` receives the gradient of `output`, in a buffer that it owns,
    /// and adds its contributions to the gradient slots of the inputs.
    ///
    /// Public so that other targets can define operations (losses, most of all).
    public static func append(output: Tensor, inputs: [Tensor], backward: @escaping (Tensor) -> Void) {
        guard let tape = current, inputs.contains(where: \.needsGradient) else { return }
        output.requiringGradient()
        tape.steps.append(Step(output: output.gradientSlot!, backward: backward))
    }

    /// True when an operation on these inputs will be recorded, so that it may skip what only backward needs.
    public static func records(_ inputs: Tensor...) -> Bool {
        current != nil && inputs.contains(where: \.needsGradient)
    }
}

/// Runs `body` so that its operations are not recorded: a frozen teacher, an evaluation.
public func withoutGradients<R>(_ body: () throws -> R) rethrows -> R {
    try Tape.$current.withValue(nil, operation: body)
}
