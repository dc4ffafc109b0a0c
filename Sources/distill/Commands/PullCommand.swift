import ArgumentParser
import Foundation
import Hub
import Support

struct PullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Download a model from the Hugging Face hub into the cache.",
        discussion: """
            A model's name can stand wherever a path can: in recipes and as an argument of commands, which look it up in the \
            cache and download what is missing. `pull` also asks for changes of the branch. The cache is huggingface_hub's, and \
            both share its files. Only what is read is downloaded: configuration, tokenizer, chat templates and safetensors, or \
            one GGUF file.

            An interrupted download is continued. HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and https_proxy \
            are read; `hf auth login` stores a token.

            EXAMPLES
              distill pull HuggingFaceTB/SmolLM2-135M-Instruct
              distill pull HuggingFaceTB/SmolLM2-135M-Instruct@refs/pr/1
              distill pull bartowski/SmolLM2-135M-Instruct-GGUF:SmolLM2-135M-Instruct-Q4_K_M.gguf
              distill pull openai-community/gpt2 --revision 607a30d783dfa663caf39e06633721c8d4cfcd7e
              distill chat HuggingFaceTB/SmolLM2-135M-Instruct
            """)

    @Argument(
        help: "The model: ORGANIZATION/NAME, NAME@REVISION or NAME:FILE.gguf, with or without hf: before it.")
    var name: String
    @Option(help: "A branch, a tag or a commit (default: main); the same as NAME@REVISION.")
    var revision: String?
    @Flag(help: "Print a summary as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    /// What `pull --json` prints.
    private struct Summary: Encodable {
        struct File: Encodable {
            let name: String
            let bytes: Int
        }
        let model, path, commit: String
        let files: [File]
        let downloadedBytes: Int
    }

    func run() throws {
        try general.running(advice: "what was downloaded is kept; run the same command to continue") {
            let reference = try reference()
            let result = try general.download(reference)
            if json {
                return try printJSON(
                    Summary(
                        model: reference.description, path: result.url.path, commit: result.commit,
                        files: result.files.map { .init(name: $0.name, bytes: $0.bytes) },
                        downloadedBytes: result.downloaded))
            }
            try Console.print(result.url.path)
        }
    }

    private func reference() throws -> HubReference {
        let text = name.hasPrefix(HubReference.prefix) ? name : HubReference.prefix + name
        guard let reference = try HubReference(text) else { preconditionFailure("\(text) has the prefix") }
        guard let revision else { return reference }
        return try reference.at(revision)
    }
}
