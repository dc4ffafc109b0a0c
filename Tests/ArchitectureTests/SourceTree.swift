import Foundation

/// The Swift files of one target, with comments and string literals taken out.
struct SourceTree {
    let name: String
    /// File names relative to the target, and their code.
    let files: [String: String]

    init(target directory: URL) throws {
        name = directory.lastPathComponent
        var files: [String: String] = [:]
        let paths = FileManager.default.enumerator(atPath: directory.path)?.compactMap { $0 as? String } ?? []
        for path in paths where path.hasSuffix(".swift") {
            let text = try String(contentsOf: directory.appending(path: path), encoding: .utf8)
            files[path] = text.replacing(Self.notCode, with: "")
        }
        self.files = files
    }

    private static var notCode: Regex<Substring> { #/(?m)//[^\n]*|"(?:\\.|[^"\\\n])*"/# }

    /// The modules that the target's files import.
    var imports: Set<String> {
        Set(
            files.values.flatMap { code in
                code.matches(of: #/(?m)^(?:@testable )?(?:private |package |public )?import (?:\w+ )?(\w+)/#)
                    .map {
                        String($0.1)
                    }
            })
    }

    /// For each folder, the folders that define a type it mentions. A name defined in two files is left out.
    var folderArrows: [String: Set<String>] {
        var owners: [String: Set<String>] = [:]
        for (path, code) in files {
            for match in code.matches(of: Self.definition) {
                owners[String(match.1), default: []].insert(path)
            }
        }
        let folders = owners.filter { $0.value.count == 1 }.mapValues { Self.folder(of: $0.first!) }
        var arrows: [String: Set<String>] = [:]
        for (path, code) in files {
            let own = Self.folder(of: path)
            for match in code.matches(of: #/\b[A-Z]\w*\b/#) {
                guard let folder = folders[String(match.0)], folder != own else { continue }
                arrows[own, default: []].insert(folder)
            }
        }
        return arrows
    }

    private static var definition: Regex<(Substring, Substring)> {
        #/(?m)^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public |package |internal |private |fileprivate |final |indirect |open )*(?:class|struct|enum|protocol|actor|typealias)\s+([A-Z]\w*)/#
    }

    private static func folder(of path: String) -> String {
        path.contains("/") ? String(path[..<path.lastIndex(of: "/")!]) : "."
    }
}

/// Whether an arrow leads from a node back to itself, and over which others.
func circle(in arrows: [String: Set<String>]) -> [String]? {
    var finished: Set<String> = []
    var path: [String] = []
    func visit(_ node: String) -> [String]? {
        if let start = path.firstIndex(of: node) { return Array(path[start...]) }
        guard !finished.contains(node) else { return nil }
        path.append(node)
        defer { path.removeLast() }
        for next in (arrows[node] ?? []).sorted() {
            if let found = visit(next) { return found }
        }
        finished.insert(node)
        return nil
    }
    return arrows.keys.sorted().lazy.compactMap(visit).first
}
