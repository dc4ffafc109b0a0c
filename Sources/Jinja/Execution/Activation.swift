/// What a render has besides its variables.
final class Render: Sendable {
    let budget: RenderBudget
    /// The values of the names that the template does not define, by their numbers in the program.
    let context: [JinjaValue?]
    let generations = Counter()

    /// `generation` blocks that were rendered. A render runs on one thread.
    final class Counter: @unchecked Sendable {
        private var count: Int32 = 0
        func next() throws(JinjaError) -> Int32 {
            guard count < .max else { throw JinjaError(.limit, "too many generation blocks") }
            count += 1
            return count
        }
    }

    init(budget: RenderBudget, context: [JinjaValue?]) {
        self.budget = budget
        self.context = context
    }

    /// Appends to what is rendered.
    func write(_ text: TracedString, to output: inout TracedBuilder) throws(JinjaError) {
        try budget.step(text.bytes.count / 64 + text.runs.count)
        guard output.bytes.count + text.bytes.count <= budget.outputBytes else {
            throw JinjaError(.limit, "the rendered text has more than \(budget.outputBytes) bytes")
        }
        output.append(text)
    }
}

/// The variables of one call of a function.
final class Activation: Dismantled, @unchecked Sendable {
    let render: Render
    /// The call in which the function was defined.
    let parent: Activation?
    var slots: [JinjaValue?]

    init(_ render: Render, parent: Activation?, count: Int) throws(JinjaError) {
        self.render = render
        self.parent = parent
        try render.budget.allocate(count, times: MemoryLayout<JinjaValue?>.stride)
        slots = Array(repeating: nil, count: count)
    }

    private var isRegistered = false

    /// Lets the end of the render break circles that go through these variables.
    func register() throws(JinjaError) {
        guard !isRegistered else { return }
        isRegistered = true
        try render.budget.register(self)
    }

    func dismantle() { slots = [] }
}

/// A variable, seen from a function.
struct Reference: Sendable {
    /// How many functions further out it is.
    let hops: Int
    let slot: Int

    @inline(__always)
    func value(in activation: Activation) -> JinjaValue? {
        if hops == 0 { return activation.slots[slot] }
        var owner = activation
        for _ in 0..<hops { owner = owner.parent! }
        return slot < owner.slots.count ? owner.slots[slot] : nil
    }
}

/// What a block's variables begin with.
struct Prologue: Sendable {
    enum Load: Sendable {
        case context(Int)
        case alias(Reference)
        case unset
    }

    let loads: [(slot: Int, load: Load)]
    /// All variables of the block, which end with it.
    let slots: [Int]

    @inline(__always)
    func enter(_ activation: Activation) {
        for (slot, load) in loads {
            switch load {
            case .context(let number): activation.slots[slot] = activation.render.context[number]
            case .alias(let reference): activation.slots[slot] = reference.value(in: activation)
            case .unset: activation.slots[slot] = nil
            }
        }
    }

    func leave(_ activation: Activation) {
        guard !activation.slots.isEmpty else { return }
        for slot in slots { activation.slots[slot] = nil }
    }
}
