import Foundation

/// Measures progress in megabytes: counting records would read the files twice.
struct ByteMeter {
    private var bytes = 0

    /// The files' sizes.
    static func megabytes(of reader: CorpusReader) -> Int {
        let files = reader.inputs.flatMap { (try? CorpusFiles(at: $0.url).files) ?? [] }
        return megabytes(
            files.reduce(0) { sum, file in
                let size = try? file.resolvingSymlinksInPath().resourceValues(forKeys: [.fileSizeKey])
                    .fileSize
                return sum + (size ?? 0)
            })
    }

    /// What has been read, with these records.
    mutating func advanced(by slice: [UnreadRecord]) -> Int {
        bytes += slice.reduce(0) { $0 + $1.byteCount + 1 }
        return Self.megabytes(bytes)
    }

    private static func megabytes(_ bytes: Int) -> Int { (bytes + 999_999) / 1_000_000 }
}
