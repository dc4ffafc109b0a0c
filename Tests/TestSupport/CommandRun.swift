import Foundation

/// What a finished process left behind.
public struct CommandRun: Sendable {
    /// Exit code, or the number of the signal that ended the process when `wasSignalled`.
    public let status: Int32
    public let wasSignalled: Bool
    /// True when the process outlived its time and was killed.
    public let timedOut: Bool
    public let standardOutput: String
    public let standardError: String
    /// Wall-clock seconds.
    public let seconds: Double

    /// The `distill` executable that this test run built: it lies beside the test bundle.
    public static let distill: URL = {
        let runner = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let candidates = [runner, Bundle.main.bundleURL, URL(filePath: CommandLine.arguments[0])]
        let folders = candidates.flatMap { [$0, $0.deletingLastPathComponent()] }
        let places = folders.map { $0.appending(path: "distill") }
        return places.first {
            FileManager.default.isExecutableFile(atPath: $0.path) && !$0.hasDirectoryPath
        } ?? places[1]
    }()

    /// Runs `distill` with arguments.
    public static func distill(
        _ arguments: String..., in directory: URL? = nil, environment: [String: String] = [:],
        input: String = "", timeout: Double = 60
    ) throws -> CommandRun {
        try run(
            distill, arguments: arguments, in: directory, environment: environment, input: input,
            timeout: timeout)
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - directory: working directory; the current one when nil
    ///   - environment: added to this process's environment
    ///   - input: what the program reads from its standard input
    ///   - timeout: seconds before the process gets SIGTERM, and two seconds later SIGKILL
    public static func run(
        _ executable: URL, arguments: [String], in directory: URL? = nil,
        environment: [String: String] = [:],
        input: String = "", timeout: Double = 60
    ) throws -> CommandRun {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        // What bench measures in tests is no measurement of the machine.
        let cache = [
            "XDG_CACHE_HOME": FileManager.default.temporaryDirectory.appending(path: "distill-cache").path
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(cache) { $1 }
            .merging(environment) { $1 }
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (stdin, stdout, stderr)
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }

        let start = ContinuousClock.now
        try withDefaultSignals { try process.run() }
        // Both pipes are drained while the process runs: a full pipe would stop it.
        let (output, error) = (Drain(stdout), Drain(stderr))
        feed(input, to: stdin.fileHandleForWriting)

        let timedOut = ended.wait(timeout: .now() + timeout) == .timedOut
        if timedOut {
            process.terminate()
            if ended.wait(timeout: .now() + 2) == .timedOut {
                kill(process.processIdentifier, SIGKILL)
                // Foundation waits for grandchildren too; this does not.
                _ = ended.wait(timeout: .now() + 2)
            }
        }
        let isOver = !process.isRunning
        return CommandRun(
            status: isOver ? process.terminationStatus : SIGKILL,
            wasSignalled: !isOver || process.terminationReason == .uncaughtSignal,
            timedOut: timedOut, standardOutput: output.text(isOver: isOver),
            standardError: error.text(isOver: isOver),
            seconds: (ContinuousClock.now - start) / .seconds(1))
    }
}

/// Runs `body` with no signal blocked. Threads that run tests block most signals, and a child inherits that: it
/// would not see SIGTERM. Nor is Ctrl-C ignored, as in a process that a shell started in the background.
public func withDefaultSignals(_ body: () throws -> Void) rethrows {
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    let interrupt = signal(SIGINT, SIG_DFL)
    defer {
        pthread_sigmask(SIG_SETMASK, &before, nil)
        signal(SIGINT, interrupt)
    }
    try body()
}

/// Writes a program's input from a thread of its own, where SIGPIPE is blocked: a program that ends without reading
/// its input is no reason to end the tests.
private func feed(_ input: String, to handle: FileHandle) {
    Thread.detachNewThread {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        try? handle.write(contentsOf: Data(input.utf8))
        try? handle.close()
    }
}

/// Collects what arrives in a pipe, on a thread of its own.
private final class Drain: @unchecked Sendable {
    private let lock = NSLock()
    private var data = Data()
    private let ended = DispatchSemaphore(value: 0)

    init(_ pipe: Pipe) {
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in
            while let part = try? handle.read(upToCount: 1 << 16), !part.isEmpty {
                lock.withLock { data.append(part) }
            }
            // Foundation keeps pipes beyond their process; with some 1,365 descriptors open, `Process.run` reads beyond its list of them.
            try? handle.close()
            ended.signal()
        }
    }

    /// The text so far. Of a process that is over the end is near; a child of its own that lives on may still hold
    /// the pipe open, for ever.
    func text(isOver: Bool) -> String {
        _ = ended.wait(timeout: .now() + (isOver ? 2 : 0))
        return lock.withLock { String(decoding: data, as: UTF8.self) }
    }
}
