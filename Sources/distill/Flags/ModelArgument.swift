import Foundation
import Hub
import Support

extension GeneralFlags {
    /// The directory or file of a model that is named by its path or by its name on the Hugging Face hub.
    ///
    /// What is neither a path nor in the cache is downloaded, unless its first part is a directory here: then a path was meant.
    ///
    /// - Throws: `UserError` if there is no such model. A path where there is nothing, which cannot be a name either, is returned: the one
    ///   who reads it says what it should have been.
    func model(_ name: String) throws -> URL {
        let locator = ModelLocator()
        let location = try locator.find(name)
        switch location {
        case .path(let url), .cached(let url): return url
        case .absent:
            // `NAME:Q4_K_M`, as llama.cpp and Ollama have it.
            if name.contains(":") { throw ModelLocator.absence(of: name, location) }
            return URL(filePath: name)
        case .missing(let reference):
            guard try locator.mayDownload(name) else { throw ModelLocator.absence(of: name, location) }
            do {
                return try download(reference).url
            } catch var error as UserError
                where error.file == reference.description && !name.hasPrefix(HubReference.prefix)
            {
                error.problem = "no such file or directory, and " + error.problem
                throw error
            }
        }
    }

    /// Downloads a model with progress.
    /// - Throws: `UserError` if it cannot be downloaded.
    func download(_ reference: HubReference) throws -> ModelDownload.Result {
        let progress = progressLine()
        defer { progress.clear() }
        return try ModelDownload(reference, settings: ModelLocator().settings()).run(
            progress: progress.handler)
    }
}
