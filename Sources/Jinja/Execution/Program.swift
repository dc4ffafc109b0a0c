/// A template that is ready to run.
final class Program: Sendable {
    private let prologue: Prologue
    private let body: [StatementNode]
    private let names: [String]
    private let variables: Int
    private let depth: Int

    init(_ source: String) throws(JinjaError) {
        (prologue, body, names, variables, depth) = try Compiler.program(try Parser.statements(of: source))
    }

    func render(
        _ values: [String: JinjaValue], limits: RenderLimits, clock: Clock
    ) throws(JinjaError) -> TracedString {
        let budget = RenderBudget(limits)
        defer { budget.finish() }
        try budget.enter(depth)
        let context = names.map { values[$0] ?? Globals.value($0, clock) }
        let frame = try Activation(Render(budget: budget, context: context), parent: nil, count: variables)
        // Macros and loops are variables that refer to the variables.
        try frame.register()
        prologue.enter(frame)
        var output = TracedBuilder()
        _ = try body.execute(frame, &output)
        return output.finish()
    }
}
