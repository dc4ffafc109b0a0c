import Testing

/// Runs `body` on a buffer of `count` values between two fences and returns the values. Records an issue if a
/// fence was written: a vector loop that runs past an odd size.
///
/// - Parameter initial: contents before `body`; NaN where nil, so that reading what should only be
///   written shows
public func guarded(
    _ count: Int, initial: [Float]? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (UnsafeMutablePointer<Float>) -> Void
) -> [Float] {
    // Two AVX-512 registers on either side; any odd value that no kernel would produce.
    let (fence, mark) = (32, Float(-12345.678))
    var buffer = [Float](repeating: mark, count: count + 2 * fence)
    precondition(initial == nil || initial?.count == count, "initial contents fill the buffer")
    for i in 0..<count { buffer[fence + i] = initial?[i] ?? .nan }
    buffer.withUnsafeMutableBufferPointer { body($0.baseAddress! + fence) }
    if buffer[..<fence].contains(where: { $0 != mark })
        || buffer[(fence + count)...].contains(where: { $0 != mark })
    {
        Issue.record("wrote outside the \(count) values of the output", sourceLocation: sourceLocation)
    }
    return Array(buffer[fence..<fence + count])
}
