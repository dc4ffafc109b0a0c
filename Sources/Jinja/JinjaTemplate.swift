import Foundation

/// A chat template, read once and rendered often, as transformers renders it.
///
///     let template = try JinjaTemplate("{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}")
///     let rendered = try template.render(["messages": messages])
public struct JinjaTemplate: Sendable {
    let program: Program

    /// Reads a template.
    /// - Throws: `JinjaError` of kind `syntax` with the line, or `limit` if it is nested too deeply.
    public init(_ source: String) throws(JinjaError) {
        program = try Program(source)
    }

    /// Renders the template.
    ///
    /// - Parameters:
    ///   - variables: what the template's names mean: `messages`, `add_generation_prompt`, …
    ///   - limits: what the render may use
    ///   - date: what `strftime_now` writes
    ///   - timeZone: where `date` is read
    /// - Returns: The text, who wrote which part, and the `generation` blocks.
    /// - Throws: `JinjaError` wherever transformers raises, and where a limit is met.
    public func render(
        _ variables: [String: JinjaValue], limits: RenderLimits = .standard, date: Date = Date(),
        timeZone: TimeZone = .current
    ) throws(JinjaError) -> RenderedText {
        RenderedText(
            try program.render(variables, limits: limits, clock: Clock(date: date, timeZone: timeZone)))
    }
}
