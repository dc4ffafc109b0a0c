import Foundation
import Support
import Testing

@testable import Corpora

@Suite struct LinearPatternTests {
    private func match(_ pattern: String, _ text: String) throws -> Range<Int>? {
        do throws(PatternFault) { return try LinearPattern(pattern).firstMatch(in: text) } catch {
            throw UserError(error.problem)
        }
    }

    @Test(
        arguments: [
            ("b+", "abbc", 1..<2), ("a|bc", "xbc", 1..<3), ("^a", "ba", nil), ("(?m)^a", "b\na", 2..<3),
            ("a$", "ab\na", 3..<4), (#"\bcat\b"#, "concat cat", 7..<10),
            (#"\d{3}-\d{4}"#, "12-345-6789", 3..<11),
            ("[^a-c]", "abcd", 3..<4), ("(?i)straße", "STRAßE", 0..<6), ("a.c", "a\nc abc", 4..<7),
            ("(?s)a.c", "a\nc", 0..<3),
            (#"\u00e9"#, "caf\u{E9}", 3..<4), ("x*", "aaa", 0..<0), ("(ab){2,3}", "ababab", 0..<4),
            ("(?:a|b)*c", "abac", 0..<4),
            (#"[\w.]+@\w+"#, "me a.b@c", 3..<8), ("a{,2}", "a{,2}", 0..<5), ("[]a]", "]", 0..<1),
            ("(a*)*b", "aab", 0..<3),
            ("(?P<year>19|20)", "in 20", 3..<5),
        ] as [(String, String, Range<Int>?)])
    func theFirstMatchIsFound(_ pattern: String, _ text: String, _ range: Range<Int>?) throws {
        #expect(try match(pattern, text) == range)
    }

    /// Against Foundation's engine, on random patterns and texts: whether there is a match, and where it begins.
    @Test func matchesAreThoseOfABacktrackingEngine() throws {
        var stream = RandomStream(seed: 5, purpose: "patterns")
        func atom(_ depth: Int) -> String {
            switch stream.nextIndex(below: depth > 0 ? 9 : 6) {
            case 0, 1: return "a"
            case 2, 3: return "b"
            case 4: return "."
            case 5: return ["[ab]", "[^a]", #"\b"#, "^", "$", "c"][stream.nextIndex(below: 6)]
            default: return "(?:" + expression(depth - 1) + ")"
            }
        }
        func repeated(_ depth: Int) -> String {
            let part = atom(depth)
            guard ![#"\b"#, "^", "$"].contains(part) else { return part }
            return part + ["", "", "*", "+", "?", "{2}", "{1,3}"][stream.nextIndex(below: 7)]
        }
        func expression(_ depth: Int) -> String {
            (0...stream.nextIndex(below: 2)).map { _ in
                (0...stream.nextIndex(below: 3)).map { _ in repeated(depth) }.joined()
            }.joined(separator: "|")
        }
        for _ in 0..<2000 {
            let pattern = expression(2)
            let text = String(
                (0..<stream.nextIndex(below: 9)).map { _ in "aabbc "[stream.nextIndex(below: 6)] })
            let expected = try NSRegularExpression(pattern: pattern).firstMatch(
                in: text, range: NSRange(location: 0, length: text.utf16.count))
            #expect(
                try match(pattern, text)?.lowerBound == expected?.range.location,
                "\(pattern) on \(text.debugDescription)")
        }
    }

    /// A backtracking engine would take longer than the universe has lasted.
    @Test func patternsThatMakeOtherEnginesHangTakeLinearTime() throws {
        let text = String(repeating: "a", count: 5000) + "!"
        for pattern in ["(a+)+$", "(a|a)*b", "(a*)*c", "a{0,50}a{50}b"] {
            #expect(try match(pattern, text) == nil)
        }
    }

    @Test(arguments: [
        ("(a", "a \"(\" without its \")\""), ("a)", "a \")\" without its \"(\""),
        ("*a", "\"*\" has nothing to repeat"),
        ("[a", "a \"[\" without its \"]\""), (#"(a)\1"#, "references to groups"), ("(?=a)", "lookahead"),
        ("a{2,1}", "the smaller number first"), ("((a{1000}){1000}){9}", "too large"),
        (#"\p"#, "not supported"), ("\\", "at the end"),
        ("[b-a]", "does not end behind"),
    ])
    func whatCannotBeReadIsExplained(_ pattern: String, _ problem: String) {
        let error = #expect(throws: UserError.self) { try match(pattern, "") }
        #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
    }
}

extension String {
    fileprivate subscript(index: Int) -> Character { self[self.index(startIndex, offsetBy: index)] }
}
