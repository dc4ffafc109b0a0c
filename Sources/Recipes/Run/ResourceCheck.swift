import Foundation
import Reports
import Support

/// Compares what a plan's unfinished stages take with what the machine has, before any work.
struct ResourceCheck {
    /// Stages that need more memory than there can be, one sentence each.
    let memory: [String]
    /// Why the disk will fill up; nil where it has room.
    let disk: String?

    /// Estimates are within a fifth (`Tests/Estimates`): only what exceeds the limit by more is certain not to fit.
    private static let tolerance = 1.2

    /// - Parameters:
    ///   - directory: the run's; it need not exist
    ///   - fresh: whether finished stages are done again
    init(
        _ plan: Plan, in directory: URL, fresh: Bool = false, limit: MemoryLimit = .resident,
        addressSpace: Int? = MemoryLimit.addressSpaceLeft, freeBytes: Int? = nil
    ) {
        // Times are not looked at.
        let estimates = CostModel(gigaflops: 1).estimates(of: plan)
        let unfinished = zip(plan.stages, estimates).filter { instance, _ in
            fresh || !RunDirectory.isRecorded(instance, in: directory)
        }
        memory = unfinished.compactMap { instance, estimate in
            let needed = estimate.memoryBytes
            let text = "\(instance.label) needs about \(byteText(needed)) of memory; "
            if needed > Self.tolerance * Double(limit.bytes) {
                return text + "\(limit.source) \(byteText(Double(limit.bytes)))"
            }
            if let addressSpace, needed > Self.tolerance * Double(addressSpace) {
                return text + "ulimit -v leaves \(byteText(Double(addressSpace)))"
            }
            return nil
        }
        let needed = unfinished.reduce(0) { $0 + $1.1.diskBytes }
        let largest = unfinished.map(\.1.workBytes).max() ?? 0
        let free = freeBytes ?? FileSystem.freeBytes(at: directory)
        disk = free.flatMap { free in
            needed + largest > Double(free)
                ? "the run needs about \(byteText(needed + largest)) of disk, of which \(byteText(largest)) for "
                    + "unfinished work; \(directory.relativePath) has \(byteText(Double(free))) free" : nil
        }
    }

    /// - Throws: `UserError` (69) when a stage cannot have its memory
    func requireMemory() throws {
        guard !memory.isEmpty else { return }
        throw UserError(
            memory.joined(separator: "; "),
            hint: "use smaller models or batches, accumulate, or a machine with more memory",
            status: .unavailable)
    }
}
