import Foundation
import Support
import TestSupport
import Testing

@testable import Jinja

/// Whatever happens to a template: a text, or one error; soon, and on a small stack.
///
/// `.ci/extended fuzz` asks for many more rounds.
@Suite struct TemplateFuzzTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["DISTILL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 12_000

    @Test func damagedTemplatesRenderOrFail() throws {
        let sources = try GoldenTests.Case.all("source.json").map { Array($0.template.utf8) }
        let message = try JinjaMap([
            (.text("role"), .text("user", origin: Origin(1))),
            (.text("content"), .text("a <b>\n", origin: Origin(1))),
        ])
        let variables: [String: JinjaValue] = [
            "messages": try .list([.map(message), .map(message)]), "x": .int(3), "tools": .none,
        ]
        let rounds = Self.rounds
        final class Result: @unchecked Sendable { var (failed, slowest) = (0, 0.0) }
        let result = Result()
        LimitTests.onSmallStack {
            var mutator = FileMutator(seed: 81)
            var random = RandomStream(seed: 82, purpose: "templates")
            for _ in 0..<rounds {
                // Two templates after each other meet in ways that one does not.
                var source = sources[random.nextIndex(below: sources.count)]
                if random.nextIndex(below: 3) == 0 {
                    source += sources[random.nextIndex(below: sources.count)]
                }
                let text = String(decoding: mutator.damaged(source), as: UTF8.self)
                let start = Date()
                do throws(JinjaError) {
                    let rendered = try JinjaTemplate(text).render(variables, limits: LimitTests.tight)
                    precondition(rendered.runs.map(\.range.count).reduce(0, +) == rendered.text.utf8.count)
                } catch { result.failed += 1 }
                result.slowest = max(result.slowest, -start.timeIntervalSinceNow)
            }
        }
        // A round takes about a millisecond; one that takes seconds has found what no limit bounds.
        #expect(
            result.failed > rounds / 4 && result.failed < rounds && result.slowest < 10,
            "\(result.failed) failed")
    }
}
