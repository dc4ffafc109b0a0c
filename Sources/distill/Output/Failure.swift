import ArgumentParser
import Foundation
import RecipeSchema
import Support

/// How errors end the command: one message on stderr and an exit code of `sysexits.h`.
enum Failure {
    /// Runs a command's work; a thrown error is reported and becomes the exit code.
    static func reporting<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error where error is ExitCode || error is ValidationError || error is CleanExit {
            throw error
        } catch is Interrupted {
            Interruption.end()
        } catch {
            let (whole, status) = explanation(of: error)
            let message = whole.withBoundedLines()
            if error is RecipeError {
                // As in a compiler's messages, each line begins with its source location.
                Console.tell(message)
            } else {
                report(message)
            }
            throw ExitCode(status.rawValue)
        }
    }

    /// Writes a message to stderr.
    static func report(_ message: String) {
        Console.tell("distill: \(message)")
    }

    static func explanation(of error: any Error) -> (message: String, status: ExitStatus) {
        switch error {
        case let error as UserError: (error.description, error.status)
        case let error as RecipeError: (error.description, error.status)
        case let error as CocoaError: (message(of: error), status(of: error))
        case let error as POSIXError: (error.localizedDescription, status(of: error.code))
        default: ("internal error: \(error)", .internalError)
        }
    }

    private static func message(of error: CocoaError) -> String {
        let path = error.filePath ?? error.url?.path
        return path.map { "\($0): \(error.localizedDescription)" } ?? error.localizedDescription
    }

    private static func status(of error: CocoaError) -> ExitStatus {
        if let underlying = error.underlying as? POSIXError { return status(of: underlying.code) }
        return switch error.code {
        case .fileNoSuchFile, .fileReadNoSuchFile: .noInput
        case .fileReadNoPermission, .fileWriteNoPermission, .fileWriteVolumeReadOnly: .noPermission
        case .fileReadCorruptFile, .fileReadInapplicableStringEncoding: .dataFormat
        default: .inputOutput
        }
    }

    private static func status(of code: POSIXErrorCode) -> ExitStatus {
        switch code {
        case .ENOENT, .ENOTDIR, .EISDIR: .noInput
        case .EACCES, .EPERM, .EROFS: .noPermission
        case .EAGAIN, .EBUSY: .temporaryFailure
        default: .inputOutput
        }
    }
}
