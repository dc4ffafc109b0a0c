import Foundation
import Support
import Testing

@testable import Hub

@Suite struct HubSettingsTests {
    private func settings(_ environment: [String: String]) throws -> HubSettings {
        try HubSettings(environment: ["HOME": "/home/u"].merging(environment) { $1 })
    }

    @Test func theCacheIsWhereHuggingfaceHubHasIt() throws {
        for (environment, path) in [
            ([:], "/home/u/.cache/huggingface/hub"), (["XDG_CACHE_HOME": "/x"], "/x/huggingface/hub"),
            (["HF_HOME": "/h"], "/h/hub"), (["HF_HOME": "/h", "HF_HUB_CACHE": "~/c"], "/home/u/c"),
            (["HUGGINGFACE_HUB_CACHE": "/old"], "/old"),
            (["HF_HOME": "$HOME/${USER}", "USER": "v"], "/home/u/v/hub"),
            (["HF_HOME": ""], "/home/u/.cache/huggingface/hub"),
        ] as [([String: String], String)] {
            #expect(try settings(environment).cache.path == path)
        }
    }

    @Test func slashesBehindTheEndpointAreDropped() throws {
        #expect(
            try settings(["HF_ENDPOINT": "https://mirror.example/hf//"]).endpoint.absoluteString
                == "https://mirror.example/hf")
        #expect(try settings([:]).endpoint.absoluteString == "https://huggingface.co")
        for text in ["mirror.example", "ftp://mirror.example", "https://", "https://a/?x=1", "file:///etc"] {
            #expect(throws: UserError.self, "\(text)") { _ = try settings(["HF_ENDPOINT": text]) }
        }
    }

    @Test func messagesDoNotShowThePasswordOfAnEndpoint() throws {
        let endpoint = try settings(["HF_ENDPOINT": "https://user:secret@mirror.example:8443/hf"]).endpoint
        #expect(endpoint.withoutCredentials == "https://mirror.example:8443/hf")
        #expect(endpoint.place == "mirror.example:8443")
    }

    @Test func offlineIsOneTrueYesOrOn() throws {
        for text in ["1", "true", "YES", "On"] {
            #expect(try settings(["HF_HUB_OFFLINE": text]).isOffline)
            #expect(try settings(["TRANSFORMERS_OFFLINE": text]).isOffline)
        }
        for text in ["0", "false", "", "2"] { #expect(try !settings(["HF_HUB_OFFLINE": text]).isOffline) }
    }

    @Test func aTokenComesFromAVariableOrItsFile() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "hub-settings-\(UUID())")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data("hf_file\n".utf8).write(to: directory.appending(path: "token"))
        #expect(try settings(["HF_HOME": directory.path]).token == "hf_file")
        #expect(
            try settings(["HF_HOME": directory.path, "HF_TOKEN": " hf_variable "]).token == "hf_variable")
        #expect(try settings(["HF_HOME": directory.path, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]).token == nil)
        #expect(try settings(["HUGGING_FACE_HUB_TOKEN": "hf_old"]).token == "hf_old")
        #expect(throws: UserError.self) { _ = try settings(["HF_TOKEN": "hf_a\r\nHost: other"]) }
    }
}
