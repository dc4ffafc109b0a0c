import Support

/// The binary layout of a document in the file of an `EncodedCorpus`:
///
/// - the counts of the student's and of the teacher's tokens, 32 bits each; the latter has all bits set where both read the
///   same,
/// - the student's ids, 16 bits each where the vocabulary allows and else 32, then its loss mask, a bit per token,
/// - the teacher's ids and loss mask, likewise.
///
/// Numbers are in the machine's byte order: the file never leaves the process.
struct DocumentForm: Sendable {
    private let isNarrow: Bool
    private static let noTeacher = UInt32.max

    init(vocabularySize: Int) { isNarrow = vocabularySize <= 1 << 16 }

    /// Bytes of the counts and of the student's tokens, which are read together.
    func byteCount(studentTokens count: Int) -> Int { 8 + byteCount(tokens: count) }

    private func byteCount(tokens count: Int) -> Int { count * (isNarrow ? 2 : 4) + (count + 7) / 8 }

    // MARK: - Writing

    func append(_ document: EncodedDocument, to bytes: inout [UInt8]) {
        append(UInt32(document.student.ids.count), to: &bytes)
        append(document.teacher.map { UInt32($0.ids.count) } ?? Self.noTeacher, to: &bytes)
        append(document.student, to: &bytes)
        if let teacher = document.teacher { append(teacher, to: &bytes) }
    }

    private func append(_ tokens: MaskedTokens, to bytes: inout [UInt8]) {
        let count = tokens.ids.count
        withUnsafeTemporaryAllocation(byteCount: byteCount(tokens: count), alignment: 8) { output in
            let maskStart = count * (isNarrow ? 2 : 4)
            tokens.ids.withUnsafeBufferPointer { ids in
                if isNarrow {
                    // An id outside the vocabulary traps here instead of turning into another.
                    for index in 0..<count {
                        output.storeBytes(of: UInt16(ids[index]), toByteOffset: 2 * index, as: UInt16.self)
                    }
                } else {
                    output.copyMemory(from: UnsafeRawBufferPointer(ids))
                }
            }
            tokens.lossMask.withUnsafeBufferPointer { mask in
                for start in stride(from: 0, to: count, by: 8) {
                    var bits: UInt8 = 0
                    for index in start..<min(start + 8, count) where mask[index] {
                        bits |= 1 << UInt8(index - start)
                    }
                    output[maskStart + start / 8] = bits
                }
            }
            bytes.append(contentsOf: UnsafeRawBufferPointer(output))
        }
    }

    private func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }

    // MARK: - Reading

    /// The document at an offset of a file.
    ///
    /// - Parameter count: number of the student's tokens
    func document(in file: ScratchFile, at offset: Int, studentTokens count: Int) throws -> EncodedDocument {
        let size = byteCount(studentTokens: count)
        let (student, teacherCount) = try reading(file, at: offset, size) { bytes in
            precondition(
                bytes.load(as: UInt32.self) == UInt32(count), "a document of \(count) tokens at \(offset)")
            return (
                tokens(.init(rebasing: bytes[8...]), count: count),
                bytes.load(fromByteOffset: 4, as: UInt32.self)
            )
        }
        guard teacherCount != Self.noTeacher else { return EncodedDocument(student: student, teacher: nil) }
        let teacher = try reading(file, at: offset + size, byteCount(tokens: Int(teacherCount))) {
            tokens($0, count: Int(teacherCount))
        }
        return EncodedDocument(student: student, teacher: teacher)
    }

    private func reading<Result>(
        _ file: ScratchFile, at offset: Int, _ count: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        try withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { buffer in
            try file.read(into: buffer, at: offset)
            return try body(UnsafeRawBufferPointer(buffer))
        }
    }

    private func tokens(_ bytes: UnsafeRawBufferPointer, count: Int) -> MaskedTokens {
        let ids = [Int32](unsafeUninitializedCapacity: count) { ids, initialized in
            for index in 0..<count {
                ids[index] =
                    isNarrow
                    ? Int32(bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
                    : bytes.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self)
            }
            initialized = count
        }
        let bits = UnsafeRawBufferPointer(rebasing: bytes[(count * (isNarrow ? 2 : 4))...])
        let mask = [Bool](unsafeUninitializedCapacity: count) { mask, initialized in
            for index in 0..<count { mask[index] = bits[index >> 3] >> UInt8(index & 7) & 1 == 1 }
            initialized = count
        }
        return MaskedTokens(ids: ids, lossMask: mask)
    }
}
