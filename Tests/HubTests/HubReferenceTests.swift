import Support
import Testing

@testable import Hub

@Suite struct HubReferenceTests {
    @Test func namesHaveARepositoryARevisionAndAFile() throws {
        for (text, repository, revision, file) in [
            ("org/name", "org/name", nil, nil), ("org/name@v1.0", "org/name", "v1.0", nil),
            ("org/name@refs/pr/1", "org/name", "refs/pr/1", nil),
            ("org/name:a.gguf", "org/name", nil, "a.gguf"),
            ("org/name@v1:Q4/a-00001-of-00002.gguf", "org/name", "v1", "Q4/a-00001-of-00002.gguf"),
            ("hf:org/name", "org/name", nil, nil), ("hf://org/name@v1", "org/name", "v1", nil),
            ("hf:gpt2", "gpt2", nil, nil), ("hf:a.gguf", "a.gguf", nil, nil),
            ("a_b/SmolLM2-1.7B", "a_b/SmolLM2-1.7B", nil, nil),
        ] as [(String, String, String?, String?)] {
            let reference = try #require(try HubReference(text), "\(text)")
            #expect(reference == HubReference(repository: repository, revision: revision, file: file))
        }
    }

    @Test func pathsAreNoNames() throws {
        for text in [
            "", "model", "./model", "../org/name", "/org/name", "org/name/more", "org/name/", "models/a.gguf",
            "org//name", "org/na me", "org/.name", "org/name.", "org/-name", "org/a--b", "org/a..b", "org/ä",
            "org/name@", "org/name@../x", "org/name@a b", "org/name@a//b", "org/name:", "org/name:../a.gguf",
            "org/name:/a.gguf", "org/name:a.bin", "org/name:a\n.gguf", "org/name.git", "runs/x.yaml",
            "org/" + String(repeating: "n", count: 97), "gpt2", "C:\\models\\a.gguf",
        ] {
            #expect(try HubReference(text) == nil, "\(text)")
        }
    }

    @Test func thePrefixForcesAName() {
        for text in ["hf:", "hf:./model", "hf:a/b/c", "hf:org/name:weights.bin", "hf:org/name@"] {
            #expect(throws: UserError.self, "\(text)") { _ = try HubReference(text) }
        }
    }

    @Test func aRevisionOfAnOptionIsThatOfTheName() throws {
        let name = try #require(try HubReference("org/name:a.gguf"))
        #expect(try name.at("v1").description == "org/name@v1:a.gguf")
        #expect(throws: UserError.self) { _ = try name.at("v1").at("v2") }
        #expect(throws: UserError.self) { _ = try name.at("../../x") }
    }
}
