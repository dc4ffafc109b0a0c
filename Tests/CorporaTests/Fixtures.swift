import Foundation
import TestSupport
import Tokenization

/// The small golden vocabulary with role markers.
let tokenizer: Tokenizer = try! Tokenizer(contentsOf: golden("tokenization/unigram.model"))

/// Writes files into a fresh directory and hands out their places.
func withFiles<Result>(_ files: [String: String], _ body: ([URL]) throws -> Result) throws -> Result {
    try withTemporaryDirectory { directory in
        let urls = files.keys.sorted().map { directory.appendingPathComponent($0) }
        for url in urls { try Data(files[url.lastPathComponent]!.utf8).write(to: url) }
        return try body(urls)
    }
}
