import Foundation
import Support

/// The multiplication rate of this machine, as `distill bench` last measured it; kept in the user's cache directory.
public struct MachineSpeed: Codable, Equatable, Sendable {
    /// Matrix multiplications a second, in 10⁹ operations.
    public var gigaflops: Double
    /// The number of threads that it was measured with.
    public var threads: Int

    /// A measurement with the threads of this process.
    public init(gigaflops: Double, threads: Int = Parallel.threads) {
        self.gigaflops = gigaflops
        self.threads = threads
    }

    /// `swift-distill/machine.json` in `$XDG_CACHE_HOME`, or in `~/.cache`.
    public static var file: URL {
        let given = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? ""
        let caches =
            given.hasPrefix("/")
            ? URL(filePath: given, directoryHint: .isDirectory)
            : FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
        return caches.appending(path: "swift-distill/machine.json")
    }

    /// The last measurement with as many threads; `nil` if there is none, or it is no plausible rate.
    public static func load(from file: URL = file, threads: Int = Parallel.threads) -> MachineSpeed? {
        guard let data = try? ConfigurationFile.read(file),
            let speed = try? JSONDecoder.forRecords.decode(MachineSpeed.self, from: data),
            speed.threads == threads, (0.1...1e6).contains(speed.gigaflops)
        else { return nil }
        return speed
    }

    /// Keeps the measurement for later estimates.
    ///
    /// - Throws: `UserError` if the file cannot be written.
    public func save(to file: URL = file) throws {
        try FileManager.default.createDirectories(at: file.deletingLastPathComponent())
        try AtomicFile.write(JSONEncoder.forRecords.encode(self), to: file)
    }
}

extension CostModel {
    /// Two cores of the kind that is common in small machines.
    public static let usual = CostModel(gigaflops: 160)

    /// With the rate that `distill bench` measured on this machine; the usual one where it has not.
    public static var ofThisMachine: CostModel {
        MachineSpeed.load().map { CostModel(gigaflops: $0.gigaflops) } ?? usual
    }
}
