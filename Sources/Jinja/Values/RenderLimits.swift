/// What one render may use. A template is code from elsewhere, so each is bounded.
public struct RenderLimits: Hashable, Sendable {
    /// Evaluated nodes, visited elements, and 64 bytes of text that are read or written, each count as one.
    public var steps: Int
    /// Bytes of the rendered text.
    public var outputBytes: Int
    /// Bytes of all intermediate values together, also of those that are no longer in use.
    public var intermediateBytes: Int

    /// Limits; all must be met.
    public init(steps: Int, outputBytes: Int, intermediateBytes: Int) {
        self.steps = steps
        self.outputBytes = outputBytes
        self.intermediateBytes = intermediateBytes
    }

    /// Hundreds of times what a conversation of 100 KB takes, and less than a second of work in an optimized build.
    public static let standard = RenderLimits(
        steps: 10_000_000, outputBytes: 32 << 20, intermediateBytes: 256 << 20)
}

/// Counts what a render uses, and what may be nested in it.
final class RenderBudget: @unchecked Sendable {
    // Not shared: a render makes one, and ends with it. Values name it in calls only.

    /// Levels of nested values. Each takes a stack frame or two when a value is compared or written.
    static let deepestValue = 128
    /// Nested nodes that are evaluated: calls of macros weigh as many as their bodies have. A node takes up to 2 KB in a debug
    /// build, and the stack of a thread may be 512 KB.
    static let deepestEvaluation = 250

    private var steps: Int
    private var bytes: Int
    let outputBytes: Int
    private var depth = 0
    /// What may refer to itself: emptied when the render ends, so that nothing is leaked.
    private var cyclic: [any Dismantled] = []

    init(_ limits: RenderLimits) {
        steps = limits.steps
        bytes = limits.intermediateBytes
        outputBytes = limits.outputBytes
    }

    @inline(__always)
    func step(_ count: Int = 1) throws(JinjaError) {
        steps &-= count
        if steps < 0 {
            steps = 0
            throw JinjaError(.limit, "the template takes too many steps")
        }
    }

    /// Counts a value of `count` bytes before it is made.
    func allocate(_ count: Int) throws(JinjaError) {
        guard count >= 0, count <= bytes else {
            throw JinjaError(.limit, "the template makes values of too many bytes")
        }
        bytes -= count
        try step(count / 64)
    }

    /// Counts `count` times `size` bytes, a product that may be huge.
    func allocate(_ count: Int, times size: Int) throws(JinjaError) {
        let (product, overflows) = count.multipliedReportingOverflow(by: size)
        try allocate(overflows ? .max : product)
    }

    /// Counts a list of `count` values.
    func allocateList(_ count: Int) throws(JinjaError) {
        try allocate(count, times: MemoryLayout<JinjaValue>.stride)
    }

    /// Counts levels of nested nodes, or of a value that is compared or written.
    func enter(_ levels: Int) throws(JinjaError) {
        guard depth + levels <= Self.deepestEvaluation else {
            throw JinjaError(.limit, "calls of macros, loops or values are nested too deeply")
        }
        depth += levels
    }

    func leave(_ levels: Int) { depth -= levels }

    /// Refuses a value that is nested too deeply.
    static func checkDepth(_ depth: Int) throws(JinjaError) {
        guard depth <= deepestValue else {
            throw JinjaError(.limit, "values are nested more than \(deepestValue) deep")
        }
    }

    func register(_ object: any Dismantled) throws(JinjaError) {
        try allocate(256)
        cyclic.append(object)
    }

    /// Ends the render.
    func finish() {
        for object in cyclic { object.dismantle() }
        cyclic = []
    }
}

/// What may be part of a circle of references, and can drop its own.
protocol Dismantled: AnyObject {
    func dismantle()
}
