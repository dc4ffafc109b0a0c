import Everyday
import Foundation

// Writes the prompts of everyday life: swift run -c release everyday-data data/everyday
guard CommandLine.arguments.count == 2 else {
    FileHandle.standardError.write(Data("usage: everyday-data DIRECTORY\n".utf8))
    exit(64)
}
let directory = URL(filePath: CommandLine.arguments[1], directoryHint: .isDirectory)
do {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    for (name, lines) in EverydayPrompts.files {
        let content = Data(lines.map { $0 + "\n" }.joined().utf8)
        try content.write(to: directory.appending(path: name), options: .atomic)
        print("\(name): \(lines.count) prompts, \(content.count) bytes")
    }
} catch {
    FileHandle.standardError.write(Data("error: \(error.localizedDescription)\n".utf8))
    exit(73)
}
