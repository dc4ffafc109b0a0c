import Foundation
import Reports
import Support

/// Shows progress on standard error: a live line on a terminal, a log line every ten seconds otherwise.
///
///     2 of 6, train: 120/1000 steps, 4 min left, 2030 tokens/s, loss 2.1300
///
/// A log line begins with the time since the command started, `[12:34]`.
final class ProgressLine {
    private let isLive: Bool
    private let hasColour: Bool
    private let width: () -> Int
    private let write: (String) -> Void
    private let now: () -> Date
    private let start: Date

    // A terminal is redrawn at most ten times a second; a log gets a line every ten seconds.
    private var interval: TimeInterval { isLive ? 0.1 : 10 }

    /// The stage's position in its recipe, such as "2 of 6, ".
    private var position = ""
    private var stage: (name: String, total: Int, unit: String, began: Date)?
    /// Progress when the stage started: a resumed stage does not start at 0, and its rate must not include the work of
    /// an earlier process.
    private var first: (done: Int, tokens: Int, time: Date)?
    /// The latest progress, and what is shown beside it.
    private var latest: (done: Int, tokens: Int, loss: Double?) = (0, 0, nil)
    private var status = ""
    private var lastShown = Date.distantPast
    private var isLineShown = false

    init(
        isLive: Bool = Terminal.isInteractive(Terminal.standardError),
        hasColour: Bool = Terminal.hasColour(Terminal.standardError),
        width: @escaping () -> Int = { Terminal.width(Terminal.standardError) },
        now: @escaping () -> Date = Date.init,
        write: @escaping (String) -> Void = Console.tell(styled:)
    ) {
        self.isLive = isLive
        self.hasColour = hasColour
        self.width = width
        self.now = now
        self.write = write
        start = now()
    }

    var handler: ProgressHandler { { [self] in handle($0) } }

    func handle(_ event: ProgressEvent) {
        switch event {
        case .entered(_, let number, let count): position = "\(number) of \(count), "
        case .began(let name, let total, let unit):
            stage = (name, total, unit, now())
            first = nil
            (latest, status) = ((0, 0, nil), "")
            lastShown = now()
            if !isLive { say("\(position)\(name): \(total) \(unit)") }
        case .advanced(let name, let done, let tokens, let loss):
            if first == nil { first = (done, tokens, now()) }
            latest = (done, tokens, loss)
            showLatest(name)
        case .status(let name, let text):
            status = text
            showLatest(name)
        case .finished(let name, let summary):
            let time = stage.map { " (\(durationText(now().timeIntervalSince($0.began))))" } ?? ""
            stage = nil
            clear()
            say("\(position)\(name)", ": \(summary)\(time)")
        case .note(let text):
            clear()
            say("\(position)\(text)")
        }
    }

    /// Shows the latest progress, unless the last line is too young.
    private func showLatest(_ name: String) {
        guard now().timeIntervalSince(lastShown) >= interval || (isLive && !isLineShown) else { return }
        lastShown = now()
        let progress = parts(done: latest.done, tokens: latest.tokens, loss: latest.loss)
        show(name, progress + (status.isEmpty ? [] : [status]))
    }

    /// Removes the live line: before other output, and when the command ends.
    func clear() {
        if isLineShown { write("\r\u{1B}[K") }
        isLineShown = false
    }

    /// Writes a permanent line.
    private func say(_ heading: String, _ text: String = "") {
        let heading = heading.terminalSafe
        write("\(elapsed)\(text.isEmpty ? heading : bold(heading))\(text.terminalSafe)\n")
    }

    /// The time since the command started, as MM:SS or H:MM:SS.
    private var elapsed: String {
        guard !isLive else { return "" }
        let seconds = Int(max(0, now().timeIntervalSince(start)))
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        return hours > 0
            ? String(format: "[%d:%02d:%02d] ", hours, minutes, seconds % 60)
            : String(format: "[%02d:%02d] ", minutes, seconds % 60)
    }

    /// Shows as many parts as fit the terminal, the first ones first; drops the stage's name before the time left.
    private func show(_ name: String, _ parts: [String]) {
        let heading = "\(position)\(name): ".terminalSafe
        let full = heading + parts.joined(separator: ", ")
        guard isLive else { return say(full) }
        let room = max(1, width() - 1)
        let shorter = stride(from: parts.count, to: 1, by: -1).map {
            parts.prefix($0).joined(separator: ", ")
        }
        let timeLeft = parts.count > 1 ? parts[1] : full
        let lines = shorter.map { heading + $0 } + shorter
        let line = lines.first { $0.count <= room } ?? String(timeLeft.prefix(room))
        write("\r\(line)\u{1B}[K")
        isLineShown = true
    }

    /// The units of downloads.
    private static let byteUnits: Set = ["kB", "MB"]

    /// The parts of a progress line, the most important first.
    private func parts(done: Int, tokens: Int, loss: Double?) -> [String] {
        var parts: [String] = []
        if let stage { parts.append("\(done)/\(stage.total) \(stage.unit)") }
        if let first, case let seconds = now().timeIntervalSince(first.time), seconds > 0 {
            let progress = done - first.done
            if let stage, progress > 0, stage.total >= done {
                let left = seconds / Double(progress) * Double(stage.total - done)
                parts.append("\(durationText(left)) left")
            }
            let rate = Double(tokens - first.tokens) / seconds
            if rate > 0 { parts.append(String(format: "%.0f tokens/s", rate)) }
            if let unit = stage?.unit, Self.byteUnits.contains(unit), progress > 0 {
                parts.append(String(format: "%.1f %@/s", Double(progress) / seconds, unit))
            }
        }
        if let loss { parts.append(String(format: "loss %.4f", loss)) }
        return parts
    }

    private func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
}
