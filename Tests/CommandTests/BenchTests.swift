import Foundation
import TestSupport
import Testing

@Suite struct BenchTests {
    @Test func aModelIsMeasuredAndCompared() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            let first = try CommandRun.distill(
                "bench", "teacher", "--runs", "1", "--json", in: directory)
            #expect(first.status == 0, "\(first.standardError)")
            let report =
                try JSONSerialization.jsonObject(with: Data(first.standardOutput.utf8)) as? [String: Any]
            #expect(report?["model"] as? String == "teacher")
            let parts = report?["parts"] as? [String: [String: Double]] ?? [:]
            #expect(
                Set(parts.keys) == ["label", "prefill", "decode 1", "decode 4", "decode 16", "decode 32"])
            for result in parts.values {
                #expect(
                    Set(result.keys) == [
                        "tokens_per_second", "fraction_of_peak", "sgemm_peak_gflops", "peak_rss_mib",
                    ])
                #expect(result.values.allSatisfy { $0 > 0 })
            }

            try Data(first.standardOutput.utf8).write(to: directory.appending(path: "old.json"))
            let second = try CommandRun.distill(
                "bench", "teacher", "--runs", "1", "--part", "decode 4", "--compare", "old.json",
                in: directory)
            #expect(second.status == 0, "\(second.standardError)")
            #expect(second.standardOutput.contains("× the rate"))
            #expect(!second.standardOutput.contains("prefill"))
        }
    }

    @Test func mistakesEndInOneMessage() throws {
        try withTemporaryDirectory { directory in
            try Data("{}".utf8).write(to: directory.appending(path: "other.json"))
            let part = try CommandRun.distill("bench", "--part", "sleep", in: directory)
            #expect(part.status == 64 && part.standardError.contains("train, kd, kd_top_k"))
            let many = try CommandRun.distill("bench", "--sequences", "9223372036854775807", in: directory)
            #expect(many.status == 64 && many.standardError.contains("65,536"))
            let report = try CommandRun.distill("bench", "--compare", "other.json", in: directory)
            #expect(report.status == 65 && report.standardError.contains("other.json: is not a report"))
        }
    }
}
