import Foundation
import Support
import Testing

@Suite struct ShardTests {
    @Test func rangesAreTheWholeInOrder() {
        for count in [1, 2, 3, 7, 100] {
            for length in [0, 1, 2, 6, 7, 8, 100, 2049] {
                let ranges = (1...count).map { Shard($0, of: count).range(of: length) }
                #expect(ranges.flatMap { $0 } == Array(0..<length), "\(length) in \(count)")
                let sizes = ranges.map(\.count)
                #expect(sizes.max()! - sizes.min()! <= 1 && sizes == sizes.sorted(by: >))
            }
        }
        #expect(Shard(2, of: 4).range(of: 10) == 3..<6)
        #expect(Shard(999_999, of: 1_000_000).range(of: .max).upperBound < .max)
        #expect(Shard(1_000_000, of: 1_000_000).range(of: .max).upperBound == .max)
    }

    @Test func everyShardIsThereOnce() throws {
        func order(_ shards: [String]) throws -> [Int] {
            try Shard.order(shards.map { (try Shard($0), "file of \($0)") }) { _ in [] }
        }
        #expect(try order(["1/1"]) == [0])
        #expect(try order(["3/3", "1/3", "2/3"]) == [1, 2, 0])
        for (shards, message) in [
            (["2/3", "1/3"], "shard 3/3 is missing; name all shards; --shard 3/3 makes this one"),
            (["2/4"], "3 shards are missing: 1/4, 3/4, 4/4; "),
            (["1/2", "1/2"], "file of 1/2: is shard 1/2, as file of 1/2 is; "),
            (["1/2", "2/3"], "file of 2/3: is shard 2/3, but file of 1/2 is shard 1/2; "),
            (["20/20"], "19 shards are missing: 1/20, 2/20, 3/20"),
        ] {
            let error = try userError { _ = try order(shards) }
            #expect(error.description.hasPrefix(message), "\(error)")
        }
        let one = Shard(1, of: 2)
        let whole = try userError { _ = try Shard.order([(one, "a"), (nil, "b")]) { _ in [] } }
        #expect(whole.description.hasPrefix("b: is no shard: it was made without --shard; "))
        let foreign = try userError {
            _ = try Shard.order([(one, "a"), (one, "b"), (one, "c")]) { ["x \($0)", "y"] }
        }
        #expect(foreign.description.hasPrefix("b: is a shard of another whole than a: x 1; y; "))
    }

    @Test func filesAreJoined() throws {
        let scratch = try Scratch()
        let contents = ["", "one", String(repeating: "x", count: 600_000), "two\n"]
        let files = try contents.enumerated().map { try scratch.file("\($0)", $1) }
        let joined = scratch.url.appending(path: "joined")
        try AtomicFile.write(to: joined) { writer in
            try writer.write("zero")
            for file in files { try writer.write(contentsOf: file) }
            try writer.write("three")
            #expect(writer.position == 600_016)
        }
        #expect(try text(joined) == "zero" + contents.joined() + "three")
        #expect(
            try Fingerprint(concatenating: files) == Fingerprint(of: Data(contents.joined().utf8)))
        #expect(throws: UserError.self) { try Fingerprint(concatenating: files + [scratch.url]) }
    }

    @Test func numbersAreParsed() throws {
        for (text, shard) in [
            ("1/1", Shard(1, of: 1)), ("2/4", Shard(2, of: 4)), ("07/10", Shard(7, of: 10)),
        ] {
            #expect(try Shard(text, environment: ["SLURM_ARRAY_TASK_ID": "3"]) == shard)
        }
        let encoded = try JSONEncoder().encode(["shard": Shard(2, of: 4)])
        #expect(String(decoding: encoded, as: UTF8.self) == #"{"shard":"2\/4"}"#)
        #expect(try JSONDecoder().decode([String: Shard].self, from: encoded) == ["shard": Shard(2, of: 4)])
        for text in ["auto/4", "5/4", "x"] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode([Shard].self, from: JSONEncoder().encode([text]))
            }
        }
    }

    @Test(arguments: [
        ("", "``"), ("2", "`2` is not i/n"), ("2/", "`2/`"), ("/4", "`/4`"), ("2/4/1", "`2/4/1`"),
        ("-1/4", "`-1/4`"), ("+1/4", "`+1/4`"), ("1 / 4", "`1 / 4`"), ("a/b", "auto/n"),
        ("Auto/4", "`Auto/4`"),
        ("99999999999999999999/4", "is not i/n"), ("0/4", "shard 0 is out of range; expected: 1 to 4"),
        ("5/4", "shard 5 is out of range; expected: 1 to 4"), ("1/0", "expected: 1 to 1000000"),
        ("1/1000001", "expected: 1 to 1000000"), ("auto/0", "expected: 1 to 1000000"), ("auto/", "`auto/`"),
    ])
    func otherTextsAreRefused(text: String, message: String) throws {
        let error = try userError { _ = try Shard(text, environment: ["SLURM_ARRAY_TASK_ID": "1"]) }
        #expect(error.status == .usage && error.description.contains(message), "\(error)")
    }

    @Test func schedulersNumberTheirProcesses() throws {
        func number(_ environment: [String: String]) throws -> Int {
            try Shard("auto/4", environment: environment).number
        }
        #expect(try number(["SLURM_ARRAY_TASK_ID": "1"]) == 1)
        #expect(try number(["SLURM_ARRAY_TASK_ID": "4"]) == 4)
        #expect(try number(["OMPI_COMM_WORLD_RANK": "0"]) == 1)
        #expect(try number(["JOB_COMPLETION_INDEX": "3", "PATH": "/bin"]) == 4)
        #expect(try number(["OMPI_COMM_WORLD_RANK": "1", "SLURM_ARRAY_TASK_ID": "2"]) == 2)
    }

    @Test(
        arguments: [
            (
                [:],
                "auto/4: none of SLURM_ARRAY_TASK_ID, OMPI_COMM_WORLD_RANK and JOB_COMPLETION_INDEX is set"
            ),
            (["SLURM_PROCID": "1"], "none of"),
            (["SLURM_ARRAY_TASK_ID": "0"], "SLURM_ARRAY_TASK_ID=0 is shard 0"),
            (["SLURM_ARRAY_TASK_ID": "5"], "--array=1-4"), (["OMPI_COMM_WORLD_RANK": "4"], "mpirun -n 4"),
            (["JOB_COMPLETION_INDEX": "4"], "completions: 4"),
            (["JOB_COMPLETION_INDEX": ""], "JOB_COMPLETION_INDEX= is not a number"),
            (["OMPI_COMM_WORLD_RANK": "-1"], "is not a number"),
            (["OMPI_COMM_WORLD_RANK": "\(Int.max)"], "is not a number"),
            (
                ["SLURM_ARRAY_TASK_ID": "1", "OMPI_COMM_WORLD_RANK": "1"],
                "SLURM_ARRAY_TASK_ID=1 is shard 1, but OMPI_COMM_WORLD_RANK=1 is shard 2"
            ),
        ] as [([String: String], String)])
    func whatNoSchedulerSaysIsRefused(environment: [String: String], message: String) throws {
        let error = try userError { _ = try Shard("auto/4", environment: environment) }
        #expect(error.status == .usage && error.description.contains(message), "\(error)")
    }
}
