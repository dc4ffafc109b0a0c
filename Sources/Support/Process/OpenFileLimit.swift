import Foundation

/// The number of files and sockets that this process may have open (`ulimit -n`).
package enum OpenFileLimit {
    /// Makes room for so many open files: raises the soft limit where the hard one allows it.
    ///
    /// - Returns: the limit there is now
    package static func raised(to count: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        let most = Int(clamping: limit.rlim_max)
        if Int(clamping: limit.rlim_cur) < count, Int(clamping: limit.rlim_cur) < most {
            limit.rlim_cur = rlim_t(min(count, most))
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return Int(clamping: limit.rlim_cur)
    }
}
