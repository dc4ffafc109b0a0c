import Foundation
import Support
import Tokenization

extension CorpusEncoder {
    /// Tokenizes a file that is one text and splits it as `EncodedDocument.split(at:)` does, in memory that does not depend on
    /// the size of the file.
    func encodeParts(ofFile file: URL, to writer: inout CorpusWriter) throws {
        let chunks = try TextChunks(contentsOf: file)
        var encoder = TextEncoder(tokenizer)
        var ids = tokenizer.beginID.map { [$0] } ?? []
        var parts = 0
        func write(atEnd: Bool) throws {
            var group = EncodedGroup(form: writer.form)
            var start = 0
            // A window begins with the last token of the one before, as context.
            while ids.count - start > contextLength || atEnd && ids.count - start > 1 {
                let window = Array(ids[start..<min(start + contextLength, ids.count)])
                group.append(EncodedDocument(ids: window, lossMask: allButFirst(window.count)))
                start += window.count - 1
                parts += 1
            }
            ids.removeFirst(start)
            if atEnd {
                group.summary.records = 1
                group.summary.splitRecords = parts > 1 ? 1 : 0
                group.summary.droppedRecords = parts == 0 ? 1 : 0
            }
            try writer.append(group)
        }
        while let chunk = try chunks.next() {
            encoder.append(chunk, to: &ids)
            try write(atEnd: false)
        }
        encoder.finish(to: &ids)
        if let end = tokenizer.endID { ids.append(end) }
        try write(atEnd: true)
    }
}
