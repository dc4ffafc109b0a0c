import Checkpoints
import Foundation
import RecipeSchema
import Testing
import Transformer

@testable import Recipes
@testable import Reports

/// Faults found, line 27: the student of a new recipe is sensible for its teacher.
@Suite struct StudentSizeTests {
    private func shape(layers: Int, width: Int, feedForward: Int, vocabulary: Int) throws -> Configuration {
        let workspace = try Workspace()
        try workspace.write(
            "data/teacher/config.json",
            """
            {"model_type": "llama", "num_hidden_layers": \(layers), "hidden_size": \(width), "num_attention_heads": 4,
             "intermediate_size": \(feedForward), "vocab_size": \(vocabulary), "tie_word_embeddings": true}
            """)
        return try Checkpoint.configuration(at: workspace.url.appending(path: "data/teacher"))
    }

    private func size(_ shape: Configuration, pieces: Int = 3000, least: Int = 300, gigabytes: Double = 24)
        -> StudentSize
    {
        StudentSize(
            of: shape, storedBytes: Int(shape.cost.parameters), leastPieces: least, usedPieces: pieces,
            memoryBytes: gigabytes * 1e9)
    }

    /// Like Gemma 3 270M: half of the layers, and a small part of a vocabulary that is most of the model.
    @Test func largeVocabulariesAreTrimmed() throws {
        let gemma = try shape(layers: 18, width: 640, feedForward: 2048, vocabulary: 262_144)
        let student = size(gemma, pieces: 3277, least: 6500)
        #expect((student.layers, student.feedForward, student.vocabulary) == (9, nil, 16_384))
        #expect(student.fits && student.shape.cost.parameters < gemma.cost.parameters / 3)
        #expect(size(gemma, pieces: 60_000).vocabulary == 131_072)
        #expect(size(gemma, pieces: 100_000).vocabulary == nil, "text that needs most of it")
        #expect(size(try shape(layers: 6, width: 256, feedForward: 704, vocabulary: 2048)).vocabulary == nil)
    }

    @Test func theStudentFitsIntoMemory() throws {
        let large = try shape(layers: 32, width: 4096, feedForward: 11_008, vocabulary: 32_000)
        let sizes = [16.0, 24, 48, 96, 1000].map { size(large, gigabytes: $0) }
        for (before, after) in zip(sizes, sizes.dropFirst()) {
            #expect(before.shape.cost.parameters <= after.shape.cost.parameters)
        }
        #expect(!sizes[0].fits && sizes[4].fits && sizes[4].layers == 16)
    }

    @Test func aTeacherOfOneLayerGivesNeurons() throws {
        let student = size(try shape(layers: 1, width: 16, feedForward: 32, vocabulary: 100))
        #expect((student.layers, student.feedForward) == (1, 16))
    }

    @Test(arguments: [
        ("a.txt", "./a.txt"), ("data/a_b-c.jsonl", "data/a_b-c.jsonl"), ("teacher", "./teacher"),
        ("a b/c", "\"a b/c\""), ("x/a: b #c", "\"x/a: b #c\""), ("x/\"\\", #""x/\"\\""#),
        ("x/\u{1B}[1m", #""x/\x1B[1m""#),
        ("é/ü", "\"é/ü\""),
    ])
    func pathsAreYAML(path: String, scalar: String) throws {
        #expect(StudentRecipe.scalar(path) == scalar)
        var reader = YAMLReader(origin: "test")
        let read = try reader.read("key: \(scalar)\n").value.entries?.first?.value
        guard case .scalar(let text, _) = read?.content else {
            Issue.record("\(scalar) is no scalar")
            return
        }
        #expect(text == (path.contains("/") ? path : "./\(path)"))
    }

    @Test func aNameOnTheHubStaysOne() {
        #expect(StudentRecipe.scalar("hf:gpt2") == "\"hf:gpt2\"")
        #expect(StudentRecipe.scalar("tiny/model") == "tiny/model")
    }

    @Test func theDirectorySaysWhatARecipeCouldBeAbout() throws {
        let workspace = try Workspace()
        for name in ["model.gguf", "chats.jsonl", "README.txt", "notes.md", ".hidden.txt"] {
            try workspace.write(name, "")
        }
        let inputs = RecipeInputs(in: workspace.url)
        #expect(inputs.models == ["model.gguf"])
        #expect(inputs.corpora == ["chats.jsonl"])
        #expect(throws: Never.self) { try inputs.recipe(in: workspace.url) }
        try workspace.write("other.gguf", "")
        #expect(throws: (any Error).self) { try RecipeInputs(in: workspace.url).recipe(in: workspace.url) }
        #expect(RecipeInputs(in: workspace.url.appending(path: "nowhere")).models.isEmpty)
    }
}
