import Foundation
import Support

/// A dense, row-major array of Float32 in a pooled buffer, or a frozen matrix of weights kept as a file stores them.
///
/// A tensor is written once, by the operation that makes it; only parameters, and the buffers of optimizers,
/// change afterwards. Not safe to write from several threads.
public final class Tensor: @unchecked Sendable {
    /// Extents, outermost first. A scalar has none.
    public let shape: [Int]
    /// nil for weights kept as stored.
    private let storage: Storage?
    /// The weights, where they are kept as stored. Products dequantize them as they go; `pointer` does not exist.
    public let stored: StoredWeights?
    /// Computes the values again from what the backward pass keeps anyway; nil where they are dearer than memory. An
    /// operation that needs this tensor in its backward pass keeps this instead.
    var recomputation: (() -> Tensor)?
    /// Where gradients of the loss with respect to this tensor gather; nil where none flow.
    public private(set) var gradientSlot: GradientSlot?

    /// A tensor whose values are not set yet.
    public init(shape: [Int]) {
        precondition(shape.allSatisfy { $0 >= 0 }, "a tensor's extents are not negative: \(shape)")
        self.shape = shape
        let (count, overflows) = shape.reduce((1, false)) { product, extent in
            let (value, overflow) = product.0.multipliedReportingOverflow(by: extent)
            return (value, product.1 || overflow)
        }
        // Rounded up and in bytes it is still a number.
        if overflows || count > Int.max >> 4 {
            MemoryLimit.exhausted(.max, for: "a tensor of shape \(shape)")
        }
        storage = Storage(count: count)
        stored = nil
    }

    /// Frozen weights as a file stores them.
    public init(_ stored: StoredWeights) {
        shape = [stored.rows, stored.width]
        storage = nil
        self.stored = stored
    }

    /// Another name for the same values, with gradients of its own.
    init(shape: [Int], sharing other: Tensor) {
        precondition(shape.reduce(1, *) == other.count, "\(shape) does not hold \(other.count) values")
        self.shape = shape
        storage = other.storage
        stored = other.stored
    }

    /// The same values under another shape.
    public func reshaped(_ shape: [Int]) -> Tensor {
        shape == self.shape ? self : Tensor(shape: shape, sharing: self)
    }

    /// A tensor of given values, row by row; there must be as many as `shape` holds.
    public convenience init(shape: [Int], values: [Float]) {
        self.init(shape: shape)
        precondition(values.count == count, "\(shape) holds \(count) values, not \(values.count)")
        withUnsafeMutableFloats { _ = $0.update(fromContentsOf: values) }
    }

    /// A tensor of zeros.
    public static func zeros(_ shape: [Int]) -> Tensor {
        let tensor = Tensor(shape: shape)
        tensor.fill(0)
        return tensor
    }

    /// Number of values.
    public var count: Int { shape.reduce(1, *) }
    /// Extent of the last axis.
    public var width: Int { shape[shape.count - 1] }
    /// Number of rows when the last axis is laid out in rows.
    public var rows: Int { shape.dropLast().reduce(1, *) }

    /// A pointer to the values, for kernels: valid while the tensor exists, row-major, `count` floats.
    public var pointer: UnsafeMutablePointer<Float> {
        guard let storage else { preconditionFailure("weights kept as stored have no floats in memory") }
        return storage.pointer
    }

    /// A pointer to a row of the last axis.
    public func pointer(row: Int) -> UnsafeMutablePointer<Float> { pointer + row * width }

    /// A copy of the values, row by row.
    public var values: [Float] { withUnsafeFloats { Array($0) } }

    /// Runs `body` on the values; the buffer must not be used after it returns. Weights kept as stored are dequantized for
    /// as long.
    public func withUnsafeFloats<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
        if stored != nil { return try dequantized().withUnsafeFloats(body) }
        return try body(UnsafeBufferPointer(start: pointer, count: count))
    }

    /// Runs `body` on some rows of the values; of weights kept as stored, only those are dequantized.
    public func withUnsafeRows<R>(_ range: Range<Int>, _ body: (UnsafeBufferPointer<Float>) throws -> R)
        rethrows
        -> R
    {
        guard let stored else {
            return try body(
                UnsafeBufferPointer(start: pointer(row: range.lowerBound), count: range.count * width))
        }
        let rows = Tensor(shape: [range.count, width])
        stored.dequantize(rows: range, into: rows.pointer)
        return try rows.withUnsafeFloats(body)
    }

    /// Runs `body` on the values, to change them; the buffer must not be used after it returns.
    public func withUnsafeMutableFloats<R>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> R) rethrows
        -> R
    {
        try body(UnsafeMutableBufferPointer(start: pointer, count: count))
    }

    /// This tensor with its values in memory: itself, or a dequantized copy of weights kept as stored.
    public func dequantized() -> Tensor {
        guard let stored else { return self }
        let result = Tensor(shape: shape)
        Parallel.forRanges(of: rows, grain: stored.rowsPerPanel) { range in
            stored.dequantize(rows: range, into: result.pointer(row: range.lowerBound))
        }
        return result
    }

    /// Sets every value.
    public func fill(_ value: Float) {
        let values = pointer
        Parallel.forRanges(of: count, grain: elementwiseGrain) { range in
            (values + range.lowerBound).update(repeating: value, count: range.count)
        }
    }

    /// Overwrites the values with those of a tensor of the same shape.
    public func copyValues(from other: Tensor) {
        precondition(shape == other.shape, "cannot copy \(other.shape) into \(shape)")
        other.withUnsafeFloats { source in
            let (from, to) = (source.baseAddress!, pointer)
            Parallel.forRanges(of: count, grain: elementwiseGrain) { range in
                (to + range.lowerBound).update(from: from + range.lowerBound, count: range.count)
            }
        }
    }

    /// A tensor of the same values in a buffer of its own, without gradients.
    public func copy() -> Tensor {
        let result = Tensor(shape: shape)
        result.copyValues(from: self)
        return result
    }
}

// MARK: - Gradients

extension Tensor {
    /// True where the loss's gradient with respect to this tensor is wanted.
    public var needsGradient: Bool { gradientSlot != nil }

    /// The gradient gathered so far; nil before any contribution and after a step.
    public var gradient: Tensor? {
        get { gradientSlot?.value }
        set { gradientSlot?.value = newValue }
    }

    /// Makes this tensor a leaf whose gradient is kept (a parameter), or, with false, freezes it.
    @discardableResult
    public func requiringGradient(_ wanted: Bool = true) -> Tensor {
        precondition(!wanted || stored == nil, "weights kept as stored are frozen")
        gradientSlot = wanted ? (gradientSlot ?? GradientSlot()) : nil
        return self
    }
}

/// Gathers the contributions to one tensor's gradient.
public final class GradientSlot: @unchecked Sendable {
    /// The gradient so far; nil before the first contribution.
    public var value: Tensor?

    /// Lets `body` write a contribution of `shape`: it must compute `buffer = beta * buffer + contribution`, with
    /// beta 0 for the first contribution (the buffer is then not initialized) and 1 after.
    public func accumulate(shape: [Int], _ body: (_ buffer: Tensor, _ beta: Float) -> Void) {
        if let value {
            precondition(value.shape == shape, "a gradient of \(shape) for a tensor of \(value.shape)")
            body(value, 1)
        } else {
            let buffer = Tensor(shape: shape)
            body(buffer, 0)
            value = buffer
        }
    }

    /// Adds a contribution that the caller gives up: the first one is stored without a copy.
    public func adopt(_ contribution: Tensor) {
        if let value {
            addInPlace(contribution, to: value)
        } else {
            value = contribution
        }
    }
}
