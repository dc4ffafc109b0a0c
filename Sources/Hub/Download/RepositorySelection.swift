import Foundation
import Support

/// The files of a repository that a model needs, of those that a listing has.
struct RepositorySelection {
    private let reference: HubReference
    private let listing: RepositoryListing

    init(_ listing: RepositoryListing, for reference: HubReference) {
        (self.listing, self.reference) = (listing, reference)
    }

    /// What is downloaded before the weights: descriptions, or all parts of a GGUF file.
    ///
    /// - Throws: `UserError` that says what the repository holds instead.
    func first() throws -> [String] {
        if let file = reference.file { return try parts(of: file) }
        guard has(CheckpointContents.configuration),
            has(CheckpointContents.weights) || has(CheckpointContents.index)
        else { throw noCheckpoint() }
        return listing.names.filter(CheckpointContents.isDescription)
            + (has(CheckpointContents.weights) ? [] : [CheckpointContents.index])
    }

    /// The weights of a checkpoint.
    ///
    /// - Parameter index: the downloaded index of shards, which is read if there is no single file
    /// - Throws: `UserError` if the index names what the repository lacks.
    func weights(index: () -> URL) throws -> [String] {
        if reference.file != nil { return [] }
        if has(CheckpointContents.weights) { return [CheckpointContents.weights] }
        let shards = try CheckpointContents.shards(inIndexAt: index())
        if let missing = shards.first(where: { !has($0) }) {
            throw error("\(CheckpointContents.index) names \(missing), which the repository lacks", hint: nil)
        }
        return shards
    }

    private func has(_ name: String) -> Bool { listing.files[name] != nil }

    private func parts(of file: String) throws -> [String] {
        let parts = GGUFPartName.parts(of: file)
        guard let missing = parts.first(where: { !has($0) }) else { return parts }
        if let part = GGUFPartName(file), part.number > 1 || missing != file {
            throw error(
                "the repository lacks \(missing)", hint: "a model in parts is named by its first part")
        }
        throw error(
            "has no file \(missing)", hint: ggufFiles.isEmpty ? nil : "its GGUF files: \(list(ggufFiles))")
    }

    /// GGUF files, the first parts of those in parts.
    private var ggufFiles: [String] {
        listing.names.filter { $0.lowercased().hasSuffix(".gguf") && (GGUFPartName($0)?.number ?? 1) == 1 }
    }

    private func noCheckpoint() -> UserError {
        let names = listing.names
        if has("adapter_config.json") {
            return error(
                "holds an adapter, which is not supported",
                hint: "merge it: PeftModel.merge_and_unload(), then save_pretrained")
        }
        if let file = ggufFiles.first {
            return error(
                "holds GGUF files: \(list(ggufFiles))",
                hint: "name one of them: \(reference.description):\(file)")
        }
        if names.contains(where: { $0.hasPrefix("pytorch_model") && $0.hasSuffix(".bin") }) {
            return error(
                "has its weights only as pytorch_model.bin, a pickle, which may run any code when it is read",
                hint:
                    "convert it with save_pretrained of transformers, or look among its pull requests for one with "
                    + "safetensors: \(reference.repository)@refs/pr/NUMBER")
        }
        let missing =
            has(CheckpointContents.configuration)
            ? CheckpointContents.weights : CheckpointContents.configuration
        return error(
            "has no \(missing)\(names.isEmpty ? "" : ", but \(list(names))")",
            hint: "a model in safetensors or GGUF files is expected")
    }

    private func error(_ problem: String, hint: String?) -> UserError {
        UserError(problem, file: reference.repository, hint: hint, status: .noInput)
    }

    /// The first names of many.
    private func list(_ names: [String]) -> String {
        let most = 12
        let more = names.count > most ? " and \(names.count - most) more" : ""
        return names.prefix(most).map { String($0.prefix(120)) }.joined(separator: ", ") + more
    }
}
