import ArgumentParser
import Support

/// The command line as the system gives it.
enum Arguments {
    /// Swift repairs arguments that are not UTF-8: a file of such a name would be missed, and one of another name written.
    ///
    /// - Throws: `ValidationError` showing the first such argument, its other bytes as `\xFF`
    static func checkEncoding() throws {
        for index in 0..<Int(CommandLine.argc) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            guard String(validatingCString: argument) == nil else { continue }
            throw ValidationError(
                "the argument \(shown(argument)) is not UTF-8; give files names that are")
        }
    }

    private static func shown(_ argument: UnsafePointer<CChar>) -> String {
        var text = ""
        var byte = argument
        while byte.pointee != 0 {
            let value = UInt8(bitPattern: byte.pointee)
            text +=
                value < 0x80
                ? String(UnicodeScalar(value)) : "\\x" + String(value, radix: 16, uppercase: true)
            byte += 1
        }
        return text
    }
}
