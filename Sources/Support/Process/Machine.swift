import Foundation

/// What the process and its machine report of themselves.
package enum Machine {
    /// Largest resident memory of this process so far, in bytes.
    package static var peakResidentBytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
