import Foundation
import Support
import Testing

@testable import distill

/// Faults found, line 24: times in logs, the place of a stage, and the time left on narrow terminals.
@Suite struct ProgressLineTests {
    private final class Clock {
        var time = Date(timeIntervalSince1970: 0)
        var text = ""
    }

    /// What is written of a stage that is a tenth done after 20 seconds.
    private func written(isLive: Bool, width: Int = 80) -> String {
        let clock = Clock()
        let line = ProgressLine(
            isLive: isLive, hasColour: false, width: { width }, now: { clock.time },
            write: { clock.text += $0 })
        line.handle(.entered(stage: "train", number: 2, of: 6))
        line.handle(.began(stage: "train", total: 100, unit: "steps"))
        clock.time += 3700
        line.handle(.advanced(stage: "train", done: 0, tokens: 0, loss: 3))
        clock.time += 20
        line.handle(.advanced(stage: "train", done: 10, tokens: 4000, loss: 2.5))
        return clock.text
    }

    @Test func linesInAPipeCarryTheTimeAndTheStagesPlace() {
        let lines = written(isLive: false).split(separator: "\n")
        #expect(lines.first == "[00:00] 2 of 6, train: 100 steps")
        #expect(
            lines.last
                == "[1:02:00] 2 of 6, train: 10/100 steps, 3 min 00 s left, 200 tokens/s, loss 2.5000")
    }

    @Test(arguments: [120, 60, 40, 30, 20, 15]) func narrowTerminalsKeepTheTimeLeft(width: Int) {
        let drawn = written(isLive: true, width: width).components(separatedBy: "\r").last!
        let line = drawn.replacing("\u{1B}[K", with: "")
        #expect(line.contains("3 min 00 s") || width < 12, "\(line)")
        #expect(line.count < width)
    }

    @Test func namesCannotSteerTheTerminal() {
        let clock = Clock()
        let line = ProgressLine(
            isLive: true, hasColour: false, now: { clock.time }, write: { clock.text += $0 })
        line.handle(.note("a\u{1B}[2Jb"))
        line.handle(.finished(stage: "x\u{9B}1m", summary: "\u{202E}done"))
        #expect(clock.text == "a\\u{1B}[2Jb\nx\\u{9B}1m: \\u{202E}done\n")
    }
}
