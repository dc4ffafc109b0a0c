import Foundation
import Recipes
import Support

/// Shows progress on stderr: one live line on a terminal, a plain line now and then in a pipe.
final class ProgressLine {
    private let isLive: Bool
    private let hasColour: Bool
    private let write: (String) -> Void
    private let now: () -> Date

    // A terminal is redrawn at most ten times a second; a log gets a line every ten seconds.
    private var interval: TimeInterval { isLive ? 0.1 : 10 }

    private var stage: (name: String, total: Int, unit: String, began: Date)?
    /// Done when the stage began: a resumed stage does not begin at 0, and its rate must not count what an
    /// earlier process did.
    private var first: (done: Int, tokens: Int, time: Date)?
    private var lastShown = Date.distantPast
    private var isLineShown = false

    init(
        isLive: Bool = Terminal.isInteractive(Terminal.standardError),
        hasColour: Bool = Terminal.hasColour(Terminal.standardError),
        now: @escaping () -> Date = Date.init,
        write: @escaping (String) -> Void = { FileHandle.standardError.write(Data($0.utf8)) }
    ) {
        self.isLive = isLive
        self.hasColour = hasColour
        self.now = now
        self.write = write
    }

    var handler: ProgressHandler { { [self] in handle($0) } }

    func handle(_ event: ProgressEvent) {
        switch event {
        case .began(let name, let total, let unit):
            stage = (name, total, unit, now())
            first = nil
            lastShown = now()
            if !isLive { write("\(name): \(total) \(unit)\n") }
        case .advanced(let name, let done, let tokens, let loss):
            if first == nil { first = (done, tokens, now()) }
            guard now().timeIntervalSince(lastShown) >= interval || (isLive && !isLineShown) else { return }
            lastShown = now()
            show(line(name, done: done, tokens: tokens, loss: loss))
        case .finished(let name, let summary):
            let time = stage.map { " (\(durationText(now().timeIntervalSince($0.began))))" } ?? ""
            stage = nil
            clear()
            write("\(bold(name)): \(summary)\(time)\n")
        case .note(let text):
            clear()
            write("\(text)\n")
        }
    }

    /// Removes the live line: before other output, and when the command ends.
    func clear() {
        if isLineShown { write("\r\u{1B}[K") }
        isLineShown = false
    }

    private func show(_ line: String) {
        guard isLive else { return write("\(line)\n") }
        write("\r\(line.prefix(Terminal.width(Terminal.standardError) - 1))\u{1B}[K")
        isLineShown = true
    }

    private func line(_ name: String, done: Int, tokens: Int, loss: Double?) -> String {
        var parts: [String] = []
        if let stage { parts.append("\(done)/\(stage.total) \(stage.unit)") }
        if let first, case let seconds = now().timeIntervalSince(first.time), seconds > 0 {
            let rate = Double(tokens - first.tokens) / seconds
            if rate > 0 { parts.append(String(format: "%.0f tokens/s", rate)) }
            if let loss { parts.append(String(format: "loss %.4f", loss)) }
            let progress = done - first.done
            if let stage, progress > 0, stage.total >= done {
                let left = seconds / Double(progress) * Double(stage.total - done)
                parts.append("\(durationText(left)) left")
            }
        } else if let loss {
            parts.append(String(format: "loss %.4f", loss))
        }
        return "\(name): \(parts.joined(separator: ", "))"
    }

    private func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
}
