import Foundation

/// What a server is asked.
package struct HTTPRequest: Sendable {
    /// An address of scheme http or https.
    package let url: URL
    /// `GET`, `HEAD` or `POST`.
    package var method: Method
    /// Header fields in the order in which they are sent: names, and values of one line.
    package var fields: [(name: String, value: String)]

    /// What is asked for.
    package enum Method: Sendable {
        case get, head
        /// With the bytes that are sent.
        case post(Data)
    }

    package init(_ url: URL, _ method: Method = .get, fields: [(name: String, value: String)] = []) {
        (self.url, self.method, self.fields) = (url, method, fields)
    }
}
