import ArgumentParser
import Support

/// The command line as the operating system passed it.
enum Arguments {
    /// Refuses arguments that are not valid UTF-8.
    ///
    /// Swift replaces invalid bytes in arguments, so a file of that name would not be found and an output would be written
    /// under another name.
    ///
    /// - Throws: `ValidationError` that shows the first such argument, with its non-ASCII bytes as `\xFF`.
    static func checkEncoding() throws {
        for index in 0..<Int(CommandLine.argc) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            guard String(validatingCString: argument) == nil else { continue }
            throw ValidationError(
                "the argument \(shown(argument)) is not UTF-8; rename the file")
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
