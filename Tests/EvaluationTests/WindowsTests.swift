import TestSupport
import Testing

@testable import Evaluation

@Suite struct WindowsTests {
    private func windows(
        _ convention: PerplexityConvention, _ count: Int, context: Int, stride: Int = 1, begin: Int32? = nil,
        lossMask: [Bool]? = nil
    ) -> [Window] {
        let ids = (0..<Int32(count)).map { 10 + $0 }
        let flags = lossMask ?? ids.indices.map { $0 > 0 }
        return convention.windows(
            of: [(ids: ids, lossMask: flags)], context: context, stride: stride, begin: begin)
    }

    private func window(_ ids: ClosedRange<Int32>, _ flags: String) -> Window {
        Window(ids: Array(ids), lossMask: flags.map { $0 == "1" })
    }

    @Test func slidingWindowsOfSevenTokens() {
        #expect(
            windows(.hf, 7, context: 4, stride: 2) == [
                window(10...13, "0111"), window(12...15, "0011"), window(14...16, "001"),
            ])
    }

    @Test func aDocumentThatFitsIsOneWindow() {
        #expect(windows(.hf, 4, context: 4, stride: 2) == [window(10...13, "0111")])
        #expect(windows(.hf, 1, context: 4, stride: 2) == [])
    }

    /// Nothing precedes the first token of a window that begins where the last one ended.
    @Test func aStrideOfAWholeWindowLosesFirstTokens() {
        #expect(
            windows(.hf, 7, context: 4, stride: 4) == [window(10...13, "0111"), window(14...16, "011")])
    }

    @Test func onlyTargetsAreScored() {
        let flags = [false, true, false, true, false, true, true]
        #expect(
            windows(.hf, 7, context: 4, stride: 2, lossMask: flags) == [
                window(10...13, "0101"), window(12...15, "0001"), window(14...16, "001"),
            ])
    }

    @Test func documentsDoNotSeeEachOther() {
        let two = PerplexityConvention.hf.windows(
            of: [
                (ids: [1, 2, 3], lossMask: [false, true, true]), (ids: [4, 5], lossMask: [false, true]),
            ],
            context: 8, stride: 4, begin: nil)
        #expect(two.map(\.ids) == [[1, 2, 3], [4, 5]])
    }

    /// The recipe of Hugging Face's guide, step by step: what a window adds is its last `end - previous end` labels, of
    /// which the first of a window is lost to the shift.
    @Test(arguments: [(37, 8, 3), (64, 16, 16), (100, 10, 9), (9, 10, 5), (2, 2, 1)])
    func slidingWindowsAreTheGuides(count: Int, context: Int, stride: Int) {
        var expected: [Window] = []
        var previousEnd = 0
        for begin in Swift.stride(from: 0, to: count, by: stride) {
            let end = min(begin + context, count)
            let labels = end - previousEnd
            let flags = (begin..<end).map { $0 >= end - labels && $0 > begin }
            expected.append(Window(ids: (begin..<end).map { 10 + Int32($0) }, lossMask: flags))
            previousEnd = end
            if end == count { break }
        }
        let found = windows(.hf, count, context: context, stride: stride)
        #expect(found == expected)
        if stride < context {
            #expect(
                found.reduce(0) { $0 + $1.lossMask.count { $0 } } == count - 1,
                "each token but the first once")
        }
    }

    /// Rows context/2 to context − 2 are read; each scores the token after it.
    @Test func chunksScoreTheirSecondHalves() {
        let even = windows(.llamaCpp, 19, context: 8, begin: 1)
        #expect(even.map(\.ids) == [[1, 11, 12, 13, 14, 15, 16, 17], [1, 19, 20, 21, 22, 23, 24, 25]])
        #expect(even.map(\.lossMask) == Array(repeating: "00000111".map { $0 == "1" }, count: 2))
        let odd = windows(.llamaCpp, 7, context: 7)
        #expect(odd == [window(10...16, "0000111")])
        #expect(windows(.llamaCpp, 6, context: 7).isEmpty, "an incomplete chunk is left out")
    }

    @Test func chunksJoinDocuments() {
        let documents: [(ids: [Int32], lossMask: [Bool])] = [
            (ids: [1, 2, 3], lossMask: [false, true, true]),
            (ids: [4, 5, 6], lossMask: [false, false, true]),
        ]
        let chunks = PerplexityConvention.llamaCpp.windows(of: documents, context: 3, stride: 1, begin: 9)
        #expect(chunks.map(\.ids) == [[9, 2, 3], [9, 5, 6]])
    }

    @Test func batchesKeepOrderAndLeaveOutWhatIsNotScored() {
        let lengths = [5, 3, 9, 1, 4]
        let all = lengths.map { length in
            Window(ids: Array(repeating: Int32(length), count: length), lossMask: (0..<length).map { $0 > 0 })
        }
        let batches = all.batched(tokens: 8)
        #expect(batches.map { $0.map(\.ids.count) } == [[5, 3], [9], [4]])
        #expect([Window]().batched(tokens: 8).isEmpty)
    }
}
