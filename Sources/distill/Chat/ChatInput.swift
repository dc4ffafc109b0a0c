/// A line of a chat: a message or a command.
enum ChatInput: Equatable {
    case message(String)
    case reset
    /// Nil removes the instructions.
    case system(String?)
    case help
    case quit
    case unknown(String)
    case nothing

    static let summary = """
          /reset         forget what was said
          /system TEXT   give the model instructions; without a text, take them away
          /help          show these commands
          /quit          end
        """

    init(_ line: String) {
        let line = line.trimmingPrefix { $0.isWhitespace }
        guard line.first == "/" else {
            self = line.isEmpty ? .nothing : .message(String(line))
            return
        }
        let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let rest = parts.count > 1 ? String(parts[1].trimmingPrefix { $0.isWhitespace }) : ""
        switch parts[0] {
        case "/reset": self = .reset
        case "/system": self = .system(rest.isEmpty ? nil : rest)
        case "/help": self = .help
        case "/quit", "/exit": self = .quit
        default: self = .unknown(String(parts[0]))
        }
    }
}
