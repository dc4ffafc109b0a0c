import Foundation
import Support

/// Reads lines from a terminal, with editing keys and a history.
final class LineEditor {
    private let prompt: String
    private var history: [String] = []
    private var pending: [UInt8] = []

    init(prompt: String) { self.prompt = prompt }

    /// The next line; nil at the end of the input.
    /// - Throws: `UserError` when the terminal cannot be written.
    func nextLine() throws -> String? {
        var modes = termios()
        guard tcgetattr(Terminal.standardInput, &modes) == 0 else {
            try Console.write(prompt)
            return readLine()
        }
        let (before, raw) = (modes, Self.raw(modes))
        func set(_ modes: termios) {
            var modes = modes
            tcsetattr(Terminal.standardInput, TCSADRAIN, &modes)
        }
        // Ctrl-C still sends its signal; the handler that ends the process restores the modes.
        Interruption.restoring {
            var modes = before
            tcsetattr(Terminal.standardInput, TCSADRAIN, &modes)
            Console.tell("")
        }
        set(raw)
        defer {
            set(before)
            Interruption.restoring(nil)
        }
        let line = try edit()
        try Console.write("\n")
        if let line, !line.allSatisfy(\.isWhitespace), line != history.last { history.append(line) }
        return line
    }

    private func edit() throws -> String? {
        var buffer = LineBuffer(history: history)
        let keys = KeyReader(nextByte: nextByte)
        try draw(buffer)
        while let key = keys.next() {
            switch key {
            case .enter: return buffer.text
            case .endOfInput where buffer.characters.isEmpty: return nil
            case .clearScreen: try Console.write("\u{1B}[H\u{1B}[2J")
            default: buffer.apply(key)
            }
            // Pasted text is drawn once.
            if pending.isEmpty { try draw(buffer) }
        }
        return nil
    }

    /// Unbuffered input without echo; signals and output unchanged.
    private static func raw(_ modes: termios) -> termios {
        var modes = modes
        modes.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
        modes.c_iflag &= ~tcflag_t(ICRNL | INLCR | IXON)
        return modes
    }

    private func nextByte() -> UInt8? {
        if pending.isEmpty {
            var room = [UInt8](repeating: 0, count: 4096)
            var count = 0
            repeat {
                count = read(Terminal.standardInput, &room, room.count)
            } while count < 0 && errno == EINTR
            guard count > 0 else { return nil }
            pending = room[..<count].reversed()
        }
        return pending.removeLast()
    }

    /// Draws the line in one row: the part around the cursor if it is longer.
    private func draw(_ buffer: LineBuffer) throws {
        let room = max(8, Terminal.width(Terminal.standardOutput) - prompt.count - 1)
        let cells = buffer.characters.map { String($0).terminalSafe }
        let widths = cells.map(Self.columns)
        var (first, before) = (0, widths[..<buffer.cursor].reduce(0, +))
        while before >= room {
            before -= widths[first]
            first += 1
        }
        var (last, used) = (first, 0)
        while last < cells.count, used + widths[last] <= room {
            used += widths[last]
            last += 1
        }
        let forward = prompt.count + before
        try Console.write(
            "\r\(prompt)\(cells[first..<last].joined())\u{1B}[K\r" + "\u{1B}[\(forward)C")
    }

    /// Terminal columns of a text: two for a wide East Asian character or an emoji.
    static func columns(_ text: String) -> Int {
        text.reduce(0) { sum, character in
            let isWide = character.unicodeScalars.contains { scalar in wide.contains { $0 ~= scalar.value } }
            return sum + (isWide ? 2 : 1)
        }
    }

    /// The main blocks of Unicode's East Asian Width W and F.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
