import Foundation

/// What a failed system call was meant to do; it decides the exit code when the cause leaves it open.
package enum FileAccess: Sendable {
    /// The file is to be read.
    case reading
    /// The file or directory is to be written.
    case writing
}

extension UserError {
    /// The message for a failed system call: file, what could not be done, and the system's reason.
    ///
    /// - Parameters:
    ///   - code: `errno` as the call left it.
    ///   - problem: What could not be done, such as "cannot write".
    ///   - url: The file or directory at fault.
    package static func system(_ code: Int32, _ problem: String, at url: URL, while access: FileAccess)
        -> UserError
    {
        UserError(
            "\(problem): \(String(cString: strerror(code)))", file: url.relativePath,
            hint: hint(for: code, access), status: status(for: code, access))
    }

    private static func status(for code: Int32, _ access: FileAccess) -> ExitStatus {
        switch code {
        case EACCES, EPERM: .noPermission
        case ENOSPC, EDQUOT, EIO, EFBIG: .inputOutput
        case EMFILE, ENFILE, EAGAIN: .temporaryFailure
        default: access == .reading ? .noInput : .cannotCreate
        }
    }

    private static func hint(for code: Int32, _ access: FileAccess) -> String? {
        switch code {
        case ENOSPC, EDQUOT: "free some space and try again"
        case ENOENT where access == .writing: "create the directory it belongs to first"
        case EISDIR: "a file is expected, this is a directory"
        case ENOTDIR: "a part of the path is a file, not a directory"
        default: nil
        }
    }
}

/// Runs a system call that reports failure as a negative number, again whenever a signal interrupts it.
/// - Throws: What `failure` makes of `errno`.
@discardableResult
func check<Result: SignedInteger>(
    _ failure: (Int32) -> UserError, _ call: () -> Result
) throws -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw failure(code) }
    }
}
