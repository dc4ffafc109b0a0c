import Foundation

/// Runs `distill` with arguments to its end, its output thrown away.
///
/// The kernel's record of a process that has ended counts its parent's memory too, from before the program was loaded; so it
/// is asked while the process lives, every two milliseconds.
///
/// - Returns: the exit code, and the most memory the process had at a time, in bytes
public func peakMemory(ofDistill arguments: [String]) throws -> (status: Int32, bytes: Int) {
    let process = Process()
    process.executableURL = CommandRun.distill
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    var kilobytes = 0
    while process.isRunning {
        let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        if let value = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) {
            kilobytes = value
        }
        usleep(2000)
    }
    process.waitUntilExit()
    return (process.terminationStatus, kilobytes * 1024)
}
