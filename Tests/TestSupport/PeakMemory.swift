import Foundation

/// Runs `distill` with arguments to its end, its output thrown away.
///
/// - Returns: the exit code, or nil if a signal ended it, and the most memory it had at a time, in bytes
public func peakMemory(ofDistill arguments: [String]) throws -> (status: Int32?, bytes: Int) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in [1, 2] {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
    }
    var argv = ([CommandRun.distill.path] + arguments).map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    var process = pid_t()
    let code = posix_spawn(&process, CommandRun.distill.path, &actions, nil, &argv, environ)
    guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code)!) }
    // Foundation's processes do not tell what they used, the kernel does to who waits.
    var (status, usage): (Int32, rusage) = (0, rusage())
    while wait4(process, &status, 0, &usage) < 0, errno == EINTR {}
    return (status & 0x7f == 0 ? status >> 8 & 0xff : nil, usage.ru_maxrss * 1024)
}
