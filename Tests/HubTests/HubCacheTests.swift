import Foundation
import Support
import TestSupport
import Testing

@testable import Hub

/// A cache as huggingface_hub lays it out, made by hand.
@Suite struct HubCacheTests {
    private let commit = FakeHub.commit

    private func fill(_ root: URL, _ names: [String], repository: String = "models--tiny--model") throws {
        let folder = root.appending(path: repository)
        let manager = FileManager.default
        try manager.createDirectories(at: folder.appending(path: "blobs"))
        try manager.createDirectories(at: folder.appending(path: "refs"))
        try Data(commit.utf8).write(to: folder.appending(path: "refs/main"))
        for name in names {
            let link = folder.appending(path: "snapshots/\(commit)/\(name)")
            try manager.createDirectories(at: link.deletingLastPathComponent())
            let blob = "blob-" + name.replacing("/", with: "-")
            let isIndex = name.hasSuffix("index.json")
            let index = #"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}"#
            try Data((isIndex ? index : name).utf8).write(to: folder.appending(path: "blobs/\(blob)"))
            let up = String(repeating: "../", count: name.split(separator: "/").count + 1)
            try manager.createSymbolicLink(atPath: link.path, withDestinationPath: "\(up)blobs/\(blob)")
        }
    }

    private func find(_ name: String, in root: URL, from directory: URL? = nil) throws
        -> ModelLocator.Location
    {
        try ModelLocator(environment: ["HF_HUB_CACHE": root.path]).find(name, relativeTo: directory ?? root)
    }

    private func isCached(_ name: String, in root: URL) throws -> Bool {
        if case .cached = try find(name, in: root) { true } else { false }
    }

    @Test func aCheckpointIsFoundWhenItsWeightsAreThere() throws {
        try withTemporaryDirectory { root in
            try fill(root, ["config.json"])
            #expect(try !isCached("tiny/model", in: root))
            try fill(root, ["model.safetensors"])
            let snapshot = root.appending(
                path: "models--tiny--model/snapshots/\(commit)", directoryHint: .isDirectory)
            #expect(try find("tiny/model", in: root) == .cached(snapshot))
            #expect(try find("hf:tiny/model@\(commit)", in: root) == .cached(snapshot))
            #expect(try !isCached("tiny/model@v1", in: root))
            #expect(try !isCached("other/model", in: root))
            try FileManager.default.removeItem(
                at: root.appending(path: "models--tiny--model/blobs/blob-model.safetensors"))
            #expect(try !isCached("tiny/model", in: root))
        }
    }

    @Test func everyShardOfTheIndexIsNeeded() throws {
        try withTemporaryDirectory { root in
            try fill(root, ["config.json", "model.safetensors.index.json", "model-1.safetensors"])
            #expect(try !isCached("tiny/model", in: root))
            try fill(root, ["model-2.safetensors"])
            #expect(try isCached("tiny/model", in: root))
        }
    }

    @Test func everyPartOfAGGUFFileIsNeeded() throws {
        try withTemporaryDirectory { root in
            try fill(root, ["q/m-00001-of-00002.gguf"])
            #expect(try !isCached("tiny/model:q/m-00001-of-00002.gguf", in: root))
            try fill(root, ["q/m-00002-of-00002.gguf"])
            #expect(try isCached("tiny/model:q/m-00001-of-00002.gguf", in: root))
            #expect(try !isCached("tiny/model", in: root))
        }
    }

    @Test func anExistingPathWinsOverAName() throws {
        try withTemporaryDirectory { root in
            try fill(root, ["config.json", "model.safetensors"])
            let here = root.appending(path: "here", directoryHint: .isDirectory)
            try FileManager.default.createDirectories(at: here.appending(path: "tiny/model"))
            guard case .path(let url) = try find("tiny/model", in: root, from: here) else {
                Issue.record("the path was not found")
                return
            }
            #expect(url.path == here.path + "/tiny/model")
            guard case .cached = try find("hf:tiny/model", in: root, from: here) else {
                Issue.record("hf: found a path")
                return
            }
        }
    }

    @Test func linksOutOfTheCacheAreRefused() throws {
        try withTemporaryDirectory { directory in
            let root = directory.appending(path: "cache", directoryHint: .isDirectory)
            try fill(root, ["config.json"])
            let secret = directory.appending(path: "secret.safetensors")
            try Data("secret".utf8).write(to: secret)
            let link = root.appending(path: "models--tiny--model/snapshots/\(commit)/model.safetensors")
            try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: secret.path)
            #expect(throws: UserError.self) { _ = try find("tiny/model", in: root) }
        }
    }

    @Test func aCacheBehindALinkIsRead() throws {
        try withTemporaryDirectory { directory in
            let root = directory.appending(path: "cache", directoryHint: .isDirectory)
            try fill(root, ["config.json", "model.safetensors"])
            let link = directory.appending(path: "link", directoryHint: .isDirectory)
            try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: root.path)
            #expect(try isCached("tiny/model", in: link))
        }
    }

    @Test func aBranchWithAnythingButACommitIsNotFound() throws {
        try withTemporaryDirectory { root in
            try fill(root, ["config.json", "model.safetensors"])
            for text in [
                "", "../../../etc", "main", String(repeating: "g", count: 40),
                String(repeating: "0", count: 9999),
            ] {
                try Data(text.utf8).write(to: root.appending(path: "models--tiny--model/refs/main"))
                #expect(try !isCached("tiny/model", in: root), "\(text.prefix(50))")
            }
        }
    }

    @Test func aMistypedPathIsNotDownloaded() throws {
        try withTemporaryDirectory { directory in
            let root = URL(filePath: directory.path, directoryHint: .isDirectory)
            try FileManager.default.createDirectories(at: root.appending(path: "data/teacher"))
            let locator = ModelLocator(environment: ["HF_HUB_CACHE": root.path])
            #expect(try !locator.mayDownload("data/techer", relativeTo: root))
            #expect(try locator.mayDownload("hf:data/techer", relativeTo: root))
            #expect(try locator.mayDownload("org/techer", relativeTo: root))
            let location = try locator.find("data/techer", relativeTo: root)
            let message = "\(ModelLocator.absence(of: "data/techer", location, similar: "teacher"))"
            for part in [
                "no such file or directory", "cache", "distill pull data/techer", "did you mean \"teacher\"?",
            ] {
                #expect(message.contains(part), "\(message)")
            }
        }
    }
}
