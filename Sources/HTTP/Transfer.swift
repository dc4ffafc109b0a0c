import CCurl
import Foundation

/// An exchange that goes on: the handle of libcurl with all that it points to. Used by the session's thread alone.
final class Transfer {
    let exchange: HTTPExchange
    let handle: OpaquePointer
    /// When a byte of the answer came last; at first, when the request was begun.
    private(set) var lastByte = ContinuousClock.now
    private var head = ReplyHead()
    private var fields: OpaquePointer?
    private let message = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_MESSAGE_SIZE))

    /// - Parameter keepsConnections: whether the connection may be one of an earlier request and stay for a later one
    init(_ exchange: HTTPExchange, keepsConnections: Bool) {
        self.exchange = exchange
        guard let handle = curl_easy_init() else { preconditionFailure("libcurl gives no handle") }
        self.handle = handle
        message.initialize(repeating: 0, count: Int(CURL_MESSAGE_SIZE))
        configure(exchange.request, keepsConnections: keepsConnections)
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(fields)
        message.deallocate()
    }

    /// Sets options. All are known to every libcurl with this ABI; strings are copied.
    private func configure(_ request: HTTPRequest, keepsConnections: Bool) {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS, Int(CURL_PROTOCOLS_WEB))
        // The answer of a proxy to CONNECT is not the server's.
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_FRESH_CONNECT, keepsConnections ? 0 : 1)
        set(CURLOPT_FORBID_REUSE, keepsConnections ? 0 : 1)
        set(CURLOPT_URL, request.url.absoluteString)
        // A server may compress although it is asked not to.
        set(CURLOPT_ACCEPT_ENCODING, "")
        switch request.method {
        case .get: break
        case .head: set(CURLOPT_NOBODY, 1)
        case .post(let body):
            set(CURLOPT_POST, 1)
            curl_set_size(handle, Int32(CURLOPT_POSTFIELDSIZE_LARGE), Int64(body.count))
            body.withUnsafeBytes { bytes in
                _ = curl_set_pointer(handle, Int32(CURLOPT_COPYPOSTFIELDS), bytes.baseAddress)
            }
        }
        // Without this one a server is first asked whether it takes a large body, and given a second to answer.
        for field in request.fields.map({ "\($0.name): \($0.value)" }) + ["Expect:"] {
            fields = curl_slist_append(fields, field) ?? fields
        }
        curl_set_pointer(handle, Int32(CURLOPT_HTTPHEADER), UnsafeRawPointer(fields))
        curl_set_pointer(handle, Int32(CURLOPT_ERRORBUFFER), message)
        let context = Unmanaged.passUnretained(self).toOpaque()
        curl_set_pointer(handle, Int32(CURLOPT_HEADERDATA), context)
        curl_set_pointer(handle, Int32(CURLOPT_WRITEDATA), context)
        curl_set_callback(handle, Int32(CURLOPT_HEADERFUNCTION)) { bytes, size, count, context in
            Transfer.at(context).receiveLine(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        curl_set_callback(handle, Int32(CURLOPT_WRITEFUNCTION)) { bytes, size, count, context in
            Transfer.at(context).receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
    }

    private func set(_ option: Int, _ value: Int) { _ = curl_set_number(handle, Int32(option), value) }
    private func set(_ option: Int, _ text: String) { _ = curl_set_pointer(handle, Int32(option), text) }

    private static func at(_ context: UnsafeMutableRawPointer?) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
    }

    /// - Returns: the number of bytes, or another one to end the transfer
    private func receiveLine(_ line: UnsafeRawBufferPointer) -> Int {
        lastByte = .now
        guard let reply = head.add(line, to: exchange.request.url) else { return line.count }
        return exchange.receive(reply) ? line.count : -1
    }

    private func receiveBody(_ part: UnsafeRawBufferPointer) -> Int {
        let isWanted = exchange.receive(Data(part))
        // After the handler, which may take its time.
        lastByte = .now
        return isWanted ? part.count : -1
    }

    /// Why the transfer failed; nil where it did not.
    func failure(_ code: Int32) -> HTTPFailure? {
        guard code != CURLE_OK else { return nil }
        let text = String(cString: message[0] != 0 ? UnsafePointer(message) : curl_easy_strerror(code))
        return HTTPFailure(code: Int(code), text)
    }
}
