/// Exit codes of the command, from BSD's `sysexits.h`.
public enum ExitStatus: Int32, Sendable {
    /// The command line is wrong.
    case usage = 64
    /// A file holds something else than is expected.
    case dataFormat = 65
    /// A file does not exist or cannot be read.
    case noInput = 66
    /// The machine lacks memory, or a program or service that is needed.
    case unavailable = 69
    /// A mistake of our own.
    case internalError = 70
    /// A file cannot be made.
    case cannotCreate = 73
    /// The disk is full or fails.
    case inputOutput = 74
    /// Something is in use; later it may work.
    case temporaryFailure = 75
    /// The system does not allow it.
    case noPermission = 77
    /// A recipe, an option or a model's description asks for what there is not.
    case configuration = 78
}

/// A mistake in what a user gave us, or a limit of the machine: one message that names the file, the place
/// in it, what was found there and what would be accepted.
///
/// A broken invariant of our own is a `precondition`, never a `UserError`.
public struct UserError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file or directory at fault, as the user named it.
    public var file: String?
    /// One-based line in `file`.
    public var line: Int?
    /// One-based column in `line`.
    public var column: Int?
    /// What is wrong, with the offending value.
    public var problem: String
    /// What would have been accepted, or what to do about it.
    public var hint: String?
    /// The exit code the command ends with.
    public var status: ExitStatus

    /// An error with what is known of it.
    ///
    /// - Parameters:
    ///   - problem: what is wrong, with the offending value: "3 heads cannot share 2 key-value heads evenly"
    ///   - file: the file or directory at fault
    ///   - line: from 1
    ///   - column: from 1
    ///   - hint: what would be accepted: "accepted: 1 to 12"
    ///   - status: the exit code of a command that ends with it
    public init(
        _ problem: String, file: String? = nil, line: Int? = nil, column: Int? = nil,
        hint: String? = nil, status: ExitStatus = .dataFormat
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.problem = problem
        self.hint = hint
        self.status = status
    }

    /// Runs work that may fail without knowing where its input is written: an error that names no file is given this source location.
    ///
    /// - Throws: What `body` throws.
    public static func located<Result>(
        in file: String?, line: Int? = nil, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch var error as UserError where error.file == nil {
            (error.file, error.line) = (file, line)
            throw error
        }
    }

    /// `file:line:column: problem; hint`, without the parts that are not known: one line, safe on a terminal.
    public var description: String {
        var place = file ?? ""
        if let line { place += ":\(line)" }
        if let line, line > 0, let column { place += ":\(column)" }
        let message = place.isEmpty ? problem : "\(place): \(problem)"
        return (hint.map { "\(message); \($0)" } ?? message).terminalSafe
    }
}
