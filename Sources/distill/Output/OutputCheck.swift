import ArgumentParser
import Foundation
import Support

/// Checks on an output path before any work.
enum OutputCheck {
    /// Refuses outputs that are one file.
    ///
    /// - Parameter flags: what names them, for the message
    /// - Throws: `ValidationError`
    static func refuseRepeated(_ paths: [String], flags: String) throws {
        guard Set(paths.map { URL(filePath: $0).standardizedFileURL.path }).count < paths.count else {
            return
        }
        throw ValidationError("\(flags) name the same file")
    }

    /// Refuses names of compressed files.
    ///
    /// - Throws: `ValidationError` that names the first
    static func refuseCompressed(_ paths: [String]) throws {
        guard let path = paths.first(where: { $0.lowercased().hasSuffix(".gz") }) else { return }
        throw ValidationError("\(path): files are written uncompressed; name one without .gz")
    }

    /// Refuses an output that is one of the inputs, also through a link, since writing would replace it.
    ///
    /// - Parameter inputs: Files, and directories with all their files.
    /// - Throws: `UserError` that names the output.
    static func refuse(_ output: String, amongInputs inputs: [String]) throws {
        guard output != StandardStreams.name, let identity = identity(of: URL(filePath: output)) else {
            return
        }
        for input in inputs where input != StandardStreams.name {
            let url = URL(filePath: input)
            let inside = FileManager.default.enumerator(at: url, includingPropertiesForKeys: nil)
            let files = [url] + (inside?.compactMap { $0 as? URL } ?? [])
            guard files.contains(where: { Self.identity(of: $0) == identity }) else { continue }
            throw UserError(
                "is read by this command and would be replaced", file: output, hint: "name another output",
                status: .cannotCreate)
        }
    }

    /// Device and inode number, which identify a file whatever its path; nil if it does not exist.
    private static func identity(of url: URL) -> [Int]? {
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: url.resolvingSymlinksInPath().path)
        guard let device = attributes?[.systemNumber] as? Int,
            let file = attributes?[.systemFileNumber] as? Int
        else { return nil }
        return [device, file]
    }
}
