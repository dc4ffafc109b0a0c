import Foundation
import Testing

@testable import Checkpoints

@Suite struct ModelNameTests {
    /// The name suggests a chat template for models that have none.
    @Test func aModelInTheCacheOfTheHubIsNamedByItsRepository() {
        let commit = "0123456789abcdef0123456789abcdef01234567"
        for (path, name) in [
            ("/cache/models--Qwen--Qwen3-0.6B/snapshots/\(commit)", "Qwen3-0.6B"),
            ("/cache/models--gpt2/snapshots/\(commit)", "gpt2"),
            ("/cache/models--org--name-GGUF/snapshots/\(commit)/file.gguf", "file.gguf"),
            ("/models/gemma", "gemma"), ("/snapshots/gemma", "gemma"), ("gemma", "gemma"),
        ] {
            #expect(URL(filePath: path).modelName == name)
        }
    }
}
