import Foundation

/// How much memory this process may use, and what sets the bound.
public struct MemoryLimit: Equatable, Sendable {
    /// The bound, in bytes.
    public let bytes: Int
    /// For messages: "this machine has", "the cgroup allows".
    public let source: String

    /// The least of the machine's memory, the limits of the process's cgroup and of those above it (versions 1 and 2), and
    /// `RLIMIT_DATA`.
    public static let resident: MemoryLimit = {
        var limits = [MemoryLimit(bytes: physicalBytes, source: "this machine has")]
        limits +=
            cgroupBytes(
                membership: (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? "",
                root: URL(filePath: "/sys/fs/cgroup")
            ).map { [MemoryLimit(bytes: $0, source: "the cgroup allows")] } ?? []
        limits +=
            resource(RLIMIT_DATA).map { [MemoryLimit(bytes: $0, source: "ulimit -d allows")] } ?? []
        return limits.min { $0.bytes < $1.bytes }!
    }()

    /// Bytes of address space that `RLIMIT_AS` leaves this process; nil without such a limit.
    public static var addressSpaceLeft: Int? {
        guard let limit = resource(RLIMIT_AS) else { return nil }
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))
            .flatMap { $0.split(separator: " ").first.flatMap { Int($0) } }
        return max(0, limit - (pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))))
    }

    private static var physicalBytes: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

    private static func resource(_ kind: __rlimit_resource) -> Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(kind.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max else {
            return nil
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// The least limit on the way from a process's cgroup up to the root; nil where there is none.
    ///
    /// - Parameters:
    ///   - membership: the content of `/proc/self/cgroup`: `0::/path` for version 2, `4:memory:/path` for version 1
    ///   - root: where the cgroup file systems are mounted. Inside a container the path may not exist there: then what
    ///     lies at the root counts.
    static func cgroupBytes(membership: String, root: URL) -> Int? {
        membership.split(separator: "\n").flatMap { line -> [Int] in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return [] }
            let isVersion2 = fields[0] == "0" && fields[1].isEmpty
            guard isVersion2 || fields[1].split(separator: ",").contains("memory") else { return [] }
            let hierarchies =
                isVersion2 ? [root, root.appending(path: "unified")] : [root.appending(path: "memory")]
            let file = isVersion2 ? "memory.max" : "memory.limit_in_bytes"
            let steps = fields[2].split(separator: "/").filter { $0 != ".." }.map(String.init)
            return hierarchies.flatMap { hierarchy in
                (0...steps.count).compactMap { depth in
                    let folder = steps.prefix(depth).reduce(hierarchy) { $0.appending(path: $1) }
                    return bytes(in: folder.appending(path: file))
                }
            }
        }.min()
    }

    /// `max`, and the number near 2⁶³ that version 1 writes for none, are no limits.
    private static func bytes(in file: URL) -> Int? {
        guard let text = try? String(contentsOf: file, encoding: .utf8),
            let value = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)), value < Int.max >> 1
        else { return nil }
        return value
    }

    /// Refuses work that needs more memory than there can be.
    ///
    /// - Parameters:
    ///   - needed: bytes that will be resident together
    ///   - what: needs them: "the weights of student"
    /// - Throws: `UserError` (69)
    public static func require(_ needed: Double, for what: String, hint: String? = nil) throws {
        guard needed > Double(resident.bytes) else { return }
        throw UserError(
            "\(what) needs \(text(needed)) of memory; \(resident.source) \(text(Double(resident.bytes)))",
            hint: hint ?? "use a smaller model or a machine with more memory", status: .unavailable)
    }

    /// "3.50 GiB".
    static func text(_ bytes: Double) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var (value, unit) = (bytes, 0)
        while value >= 1024, unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
        return String(format: unit == 0 ? "%.0f %@" : "%.2f %@", value, units[unit])
    }

    /// Ends the process where memory that is needed in the middle of a computation cannot be had: a message and
    /// `EX_UNAVAILABLE`, as after a kill. What was saved before stays, and a run resumes from it.
    public static func exhausted(_ bytes: Int, for what: String) -> Never {
        let left = addressSpaceLeft.map { "; ulimit -v leaves \(text(Double($0)))" } ?? ""
        let message =
            "distill: out of memory: cannot get \(text(Double(bytes))) for \(what)\(left), \(resident.source) "
            + "\(text(Double(resident.bytes))); use smaller batches or a smaller model, or raise the limit\n"
        // No exit handlers: other threads may be at work.
        _ = message.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        _exit(ExitStatus.unavailable.rawValue)
    }
}
