import Foundation
import TestSupport
import Testing

@Suite struct RenamedArgumentsTests {
    @Test(arguments: [
        ("cut teacher student --layers 1", "`distill prune`"),
        ("tokenizer encode --model t.model --bos", "distill tokenizer encode MODEL"),
        ("tokenizer decode --model=t.model", "distill tokenizer decode MODEL"),
        ("tokenizer inspect --json --model t.model", "distill tokenizer inspect MODEL"),
        ("tokenizer count --model t.model --corpus a.jsonl", "distill tokenizer count MODEL --corpus FILE"),
        ("tokenizer trim a.jsonl --model t.model", "distill tokenizer trim MODEL FILE"),
        ("bench --part label --model teacher", "distill bench MODEL"),
    ])
    func earlierFormsAreRefusedWithTheNewForm(line: String, form: String) throws {
        let run = try CommandRun.run(
            CommandRun.distill, arguments: line.split(separator: " ").map(String.init))
        #expect(run.status == 64 && run.standardOutput.isEmpty)
        #expect(run.standardError.hasPrefix("Error: ") && run.standardError.contains(form))
    }
}
