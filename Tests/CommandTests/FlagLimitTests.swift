import ArgumentParser
import Testing
import Transformer

@testable import distill

/// Faults found, line 1: what a number in a command may be is what the code behind it can use.
@Suite struct FlagLimitTests {
    static let generate = ["generate", "model", "--prompts", "p.jsonl", "--output", "o.jsonl"]
    static let endpoint = [
        "generate", "http://127.0.0.1:1/v1", "--model-name", "m", "--prompts", "p.jsonl", "--output",
        "o.jsonl",
        "--input-price", "1", "--output-price", "1",
    ]
    static let chat = ["chat", "model"]
    static let label = ["label", "model", "--corpus", "c.jsonl", "--output", "o"]
    static let perplexity = ["evaluate", "perplexity", "model", "--data", "t.jsonl"]
    static let agreement = ["evaluate", "agreement", "model", "--teacher", "t", "--data", "t.jsonl"]
    static let task = ["evaluate", "task", "model", "--data", "t.jsonl"]
    static let prune = ["prune", "model", "out", "--corpus", "t.jsonl", "--layers", "1"]
    static let trim = ["tokenizer", "trim", "m", "t.jsonl", "--output", "o"]
    static let largest = "\(Int.max)"

    /// A flag, values that are accepted, and values that are refused.
    static let flags: [(command: [String], flag: String, accepted: [String], refused: [String])] = [
        (generate, "--samples", ["1", "10000"], ["0", "-1", "10001", largest]),
        (generate, "--slots", ["1", "1024"], ["0", "1025", largest]),
        (generate, "--limit", ["1", largest], ["0", "-1"]),
        (generate, "--token-budget", ["1", largest], ["0", "-1"]),
        (generate, "--exit", ["1", "512"], ["0", "513", largest]),
        (generate, "--seed", ["0", "18446744073709551615"], ["-1", "18446744073709551616"]),
        (endpoint, "--concurrency", ["1", "512"], ["0", "513", largest]),
        (endpoint, "--timeout", ["1", "86400"], ["0.5", "86401", "nan", "-1"]),
        (endpoint, "--retries", ["0", "100"], ["-1", "101", largest]),
        (endpoint, "--retry-delay", ["0.001", "600"], ["0", "601", "nan"]),
        (endpoint, "--patience", ["0", "604800"], ["-1", "604801", "nan"]),
        (endpoint, "--max-failures-in-a-row", ["1", "1000000"], ["0", "1000001", largest]),
        (endpoint, "--max-requests", ["1", largest], ["0", "-1"]),
        (endpoint, "--max-tokens-spent", ["1", largest], ["0", "-1"]),
        (endpoint, "--max-cost", ["0.001", "1000000000"], ["0", "-1", "nan", "1e10"]),
        (endpoint, "--input-price", ["0", "1000000000"], ["-1", "nan", "1e10"]),
        (endpoint, "--key-variable", ["OPENAI_API_KEY", "_K"], ["sk-abcdefgh", "key", "A B", ""]),
        (endpoint, "--header", ["X-Team=TEAM_KEY"], ["X-Team", "X-Team=sk-abcdefgh", "Host=KEY", "X Y=KEY"]),
        (
            endpoint, "--parameter", ["reasoning_effort=low", "temperature=null"],
            ["n=2", "stream=true", "=1", "x"]
        ),
        (label, "--head", ["0", "65536"], ["-1", "65537", largest]),
        (label, "--draws", ["1", "65536"], ["0", "65537", largest]),
        (label, "--k", ["1", "65536"], ["0", "65537", largest]),
        (label, "--temperature", ["0.001", "10000"], ["0", "1e-4", "10001", "1e-46", "1e39", "nan", "-1"]),
        (label, "--hidden", ["1", "512"], ["0", "513", largest]),
        (label, "--context", ["2", "1048576"], ["1", "1048577", largest]),
        (perplexity, "--context", ["2", "1048576"], ["1", "1048577", largest]),
        (perplexity + ["--context", "256"], "--stride", ["1", "256"], ["0", "257", largest]),
        (agreement, "--limit", ["1", largest], ["0"]),
        (task, "--max-new-tokens", ["1", "1048576"], ["0", "1048577", largest]),
        (task, "--limit", ["1", largest], ["0"]),
        (task, "--show-wrong", ["0", largest], ["-1"]),
        (prune, "--feed-forward", ["1", "16777216"], ["0", largest]),
        (prune, "--trim-to", ["1", "16777216"], ["0", "16777217", largest]),
        (trim, "--size", ["1", "16777216"], ["0", "16777217", largest]),
    ]
    static let sampling: [(flag: String, accepted: [String], refused: [String])] = [
        ("--temperature", ["0", "0.001", "1000"], ["1e-4", "1001", "1e39", "-1", "nan"]),
        ("--top-p", ["1e-30", "1"], ["0", "1e-46", "1.1", "-1", "nan"]),
        ("--top-k", ["0", "2147483647"], ["-1", "2147483648", largest]),
        ("--min-p", ["0", "0.9999"], ["1", "0.9999999999", "-1", "nan"]),
        ("--repetition-penalty", ["0.001", "1000"], ["0", "1e-4", "1001", "1e39", "nan"]),
        ("--max-new-tokens", ["1", "1048576"], ["0", "1048577", largest]),
    ]

    private func isAccepted(_ arguments: [String], _ flag: String, _ value: String) -> Bool {
        // Parsing runs `validate()` of the command and of its option groups. `=` keeps a minus sign from being a flag.
        let given = flag == "--hidden" ? [flag, value] : ["\(flag)=\(value)"]
        return (try? Distill.parseAsRoot(arguments + given)) != nil
    }

    @Test(arguments: flags.indices) func limitsOfFlags(index: Int) {
        let (command, flag, accepted, refused) = Self.flags[index]
        for value in accepted { #expect(isAccepted(command, flag, value), "\(flag) \(value)") }
        for value in refused { #expect(!isAccepted(command, flag, value), "\(flag) \(value)") }
    }

    @Test(arguments: sampling.indices) func limitsOfSampling(index: Int) {
        let (flag, accepted, refused) = Self.sampling[index]
        for command in [Self.generate, Self.chat] {
            for value in accepted {
                #expect(isAccepted(command, flag, value), "\(command[0]) \(flag) \(value)")
            }
            for value in refused {
                #expect(!isAccepted(command, flag, value), "\(command[0]) \(flag) \(value)")
            }
        }
    }
}
