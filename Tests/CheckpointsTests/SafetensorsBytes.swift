import Foundation
import Support
import Testing

/// The bytes of a safetensors file with this header, right or wrong.
func safetensorsBytes(_ header: String, data: [UInt8] = [], claimedLength: UInt64? = nil) -> Data {
    let length = claimedLength ?? UInt64(header.utf8.count)
    return withUnsafeBytes(of: length.littleEndian) { Data($0) } + Data(header.utf8) + Data(data)
}

/// The `UserError` that `body` throws.
func userError(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> UserError {
    try #require(throws: UserError.self, sourceLocation: sourceLocation) { try body() }
}
