import Foundation
import Synchronization

/// An HTTP/1.1 server at 127.0.0.1, on a port that the system chooses.
///
/// It blocks threads of its own, one that accepts connections and one for each of them, and has no timeouts: tests of other suites
/// can hold all threads of Swift's concurrency pool for minutes.
public final class LoopbackServer: Sendable {
    /// Where it listens.
    public let port: UInt16
    private let listener: Int32
    private let connections = Connections()

    /// Listens. Clients can connect from now on, and are answered after `start`.
    ///
    /// - Parameter port: 0 is one that the system chooses
    public init(port wanted: UInt16 = 0) throws {
        listener = try checked(socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = wanted.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let listener = listener
        // A server that comes back takes its port again.
        var isReused: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
        try withUnsafeMutablePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = try checked(bind(listener, $0, size))
                _ = try checked(getsockname(listener, $0, &size))
            }
        }
        _ = try checked(listen(listener, SOMAXCONN))
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Accepts connections until the server is released. To be called once.
    public func start(_ answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse) {
        Thread.detachNewThread { [listener, connections] in
            while true {
                let socket = accept(listener, nil, nil)
                if socket < 0, errno != EINVAL {
                    // Such as too many open files: the client waits in the queue of the listener.
                    usleep(1000)
                    continue
                }
                // EINVAL: the listener was shut down.
                guard socket >= 0, connections.open(socket) else { break }
                Thread.detachNewThread {
                    var connection = Connection(socket: socket)
                    let isReset = connection.serve(answer)
                    connections.close(socket, isReset: isReset)
                }
            }
            // Not before: another server's socket could get the number while this thread accepts.
            Glibc.close(listener)
        }
    }

    /// Ends the threads.
    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        connections.stop()
    }
}

/// The sockets of a server's clients.
private final class Connections: Sendable {
    /// Nil when the server has stopped.
    private let sockets = Mutex<Set<Int32>?>([])

    /// Adds a socket; false, and the socket is closed, when the server has stopped.
    func open(_ socket: Int32) -> Bool {
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        return sockets.withLock {
            guard $0?.insert(socket) == nil else { return true }
            Glibc.close(socket)
            return false
        }
    }

    func close(_ socket: Int32, isReset: Bool) {
        sockets.withLock {
            $0?.remove(socket)
            // A process that was started between `accept` and `fcntl` may hold the socket too.
            if !isReset { shutdown(socket, Int32(SHUT_RDWR)) }
            Glibc.close(socket)
        }
    }

    /// Ends what is sent and received; each thread then closes its socket.
    func stop() {
        sockets.withLock {
            for socket in $0 ?? [] { shutdown(socket, Int32(SHUT_RDWR)) }
            $0 = nil
        }
    }
}

/// The requests on one connection.
private struct Connection {
    let socket: Int32
    private var received: [UInt8] = []

    init(socket: Int32) { self.socket = socket }

    /// Answers one request after another until the client or an answer ends the connection; returns whether it is to be reset.
    mutating func serve(_ answer: (HTTPRequest) -> HTTPResponse) -> Bool {
        while let head = nextHead() {
            guard var request = HTTPRequest(head), let body = nextBody(of: request) else {
                _ = send(HTTPResponse(400).bytes(inAnswerTo: "GET"))
                return false
            }
            request.body = body
            let response = answer(request)
            if response.ending != .reset || !response.body.isEmpty {
                guard send(response.bytes(inAnswerTo: request.method)) else { return false }
            }
            switch request.method == "HEAD" ? .whole : response.ending {
            case .whole: if request.headers["connection"]?.lowercased() == "close" { return false }
            case .closed: return false
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(
                    socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                return true
            case .stalled:
                while receive() {}
                return false
            }
        }
        return false
    }

    /// The lines of the next request; nil at the end of the connection.
    private mutating func nextHead() -> String? {
        while true {
            if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
                defer { received.removeSubrange(..<end.upperBound) }
                return String(decoding: received[..<end.lowerBound], as: UTF8.self)
            }
            // A handshake of TLS has no lines. It is refused, as servers do.
            if received.first == 0x16 { return "" }
            guard receive() else { return nil }
        }
    }

    /// The bytes behind the header fields; nil where the connection ends before.
    private mutating func nextBody(of request: HTTPRequest) -> Data? {
        let count = request.headers["content-length"].flatMap { Int($0) } ?? 0
        while received.count < count { guard receive() else { return nil } }
        defer { received.removeFirst(count) }
        return Data(received.prefix(count))
    }

    /// Waits for more bytes; false at the end of the connection.
    private mutating func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = retried { recv(socket, &buffer, buffer.count, 0) }
        if count > 0 { received += buffer.prefix(count) }
        return count > 0
    }

    /// Sends all bytes; false if the client has closed the connection.
    private func send(_ bytes: Data) -> Bool {
        bytes.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
            var rest = bytes[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                // Without SIGPIPE, which would end the process.
                let count = retried {
                    Glibc.send(socket, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}

/// Repeats a system call that a signal interrupts.
private func retried(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        guard result < 0, errno == EINTR else { return result }
    }
}

/// The result of a system call, or its error.
private func checked(_ result: Int32) throws -> Int32 {
    guard result >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    return result
}
