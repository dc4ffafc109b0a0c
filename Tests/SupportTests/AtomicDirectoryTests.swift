import Foundation
import Support
import Testing

@Suite struct AtomicDirectoryTests {
    private func write(_ name: String, _ content: String, in directory: URL) throws {
        try Data(content.utf8).write(to: directory.appendingPathComponent(name))
    }

    @Test func createsAndReplaces() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("student")
        for content in ["first", "second"] {
            try AtomicDirectory.create(at: url) { directory in
                try write("config.json", content, in: directory)
                try FileManager.default.createDirectory(
                    at: directory.appendingPathComponent("deep"), withIntermediateDirectories: true)
                try write("deep/file", content, in: directory)
                #expect(FileManager.default.fileExists(atPath: url.path) == (content == "second"))
            }
            #expect(try text(url.appendingPathComponent("config.json")) == content)
            #expect(try text(url.appendingPathComponent("deep/file")) == content)
            #expect(try scratch.names == ["student"])
        }
    }

    @Test func aFailingBodyLeavesTheOldDirectory() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("student")
        try AtomicDirectory.create(at: url) { try write("a", "old", in: $0) }
        #expect(throws: UserError.self) {
            try AtomicDirectory.create(at: url) { directory in
                try write("a", "new", in: directory)
                throw UserError("no more")
            }
        }
        #expect(try text(url.appendingPathComponent("a")) == "old")
        #expect(try scratch.names == ["student"])
    }

    @Test func foreignFilesAreNotDeleted() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("home")
        try AtomicDirectory.create(at: url) { directory in
            try write("thesis.tex", "years of work", in: directory)
            try write("shard-2", "old", in: directory)
        }
        let error = try userError {
            try AtomicDirectory.create(at: url, obsolete: { $0.hasPrefix("shard-") }) {
                try write("shard-1", "new", in: $0)
            }
        }
        #expect(error.status == .cannotCreate)
        #expect(error.problem == "replacing this directory would delete thesis.tex")
        #expect(try text(url.appendingPathComponent("thesis.tex")) == "years of work")
        #expect(try scratch.names == ["home"])

        try FileManager.default.removeItem(at: url.appendingPathComponent("thesis.tex"))
        try AtomicDirectory.create(at: url, obsolete: { $0.hasPrefix("shard-") }) {
            try write("shard-1", "new", in: $0)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: url.path) == ["shard-1"])
    }

    @Test func permissionsAreKept() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("student")
        try AtomicDirectory.create(at: url) { _ in }
        chmod(url.path, 0o750)
        try AtomicDirectory.create(at: url) { try write("a", "new", in: $0) }
        let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
        #expect(attributes[.posixPermissions] as? Int == 0o750)
        #expect(try text(url.appendingPathComponent("a")) == "new")
    }

    @Test func aFileInTheWayIsRefused() throws {
        let scratch = try Scratch()
        let url = try scratch.file("student", "a file")
        let error = try userError { try AtomicDirectory.create(at: url) { _ in } }
        #expect(error.status == .cannotCreate)
        #expect(error.file == url.path)
        #expect(try text(url) == "a file")
    }

    @Test func aMissingParentIsNamed() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("none/student")
        let error = try userError { try AtomicDirectory.create(at: url) { _ in } }
        #expect(error.status == .cannotCreate)
        #expect(error.file == url.path)
    }

    @Test func aLinkToADirectoryIsFollowed() throws {
        let scratch = try Scratch()
        let real = scratch.url.appendingPathComponent("real")
        let link = scratch.url.appendingPathComponent("link")
        try FileManager.default.createDirectory(at: real, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "real")
        try AtomicDirectory.create(at: link) { try write("a", "new", in: $0) }
        #expect(try text(real.appendingPathComponent("a")) == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == "real")
    }

    @Test func createsMissingDirectories() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("a/b/c")
        try FileManager.default.createDirectories(at: url)
        try FileManager.default.createDirectories(at: url)
        #expect(try FileManager.default.contentsOfDirectory(atPath: url.path).isEmpty)
        let file = try scratch.file("file", "")
        let error = try userError {
            try FileManager.default.createDirectories(at: file.appendingPathComponent("d"))
        }
        #expect(error.status == .cannotCreate)
        #expect(throws: UserError.self) { try FileManager.default.createDirectories(at: file) }
    }
}

@Suite struct TemporaryNamesTests {
    @Test func leftoversOfTheDeadAreRemoved() throws {
        let scratch = try Scratch()
        let dead = try deadProcess()
        _ = try scratch.file(".model.safetensors.tmp-\(dead)-1z", "half")
        _ = try scratch.file(".model.safetensors.tmp-\(getpid())-1z", "an earlier process with our number")
        _ = try scratch.file(".model.safetensors.tmp-1-1z", "process 1 lives")
        _ = try scratch.file(".x.tmp-\(dead)", "not ours")
        _ = try scratch.file("x.tmp-\(dead)-1", "not ours")
        let directory = scratch.url.appendingPathComponent(".student.tmp-\(dead)-abc")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data().write(to: directory.appendingPathComponent("config.json"))

        let removed = try TemporaryNames.removeLeftovers(in: scratch.url)
        #expect(removed.count == 3)
        #expect(
            try scratch.names
                == [".model.safetensors.tmp-1-1z", ".x.tmp-\(dead)", "x.tmp-\(dead)-1"].sorted())
    }

    @Test func anInterruptedReplacementIsUndone() throws {
        let scratch = try Scratch()
        let dead = try deadProcess()
        for name in ["lost", "replaced"] {
            let aside = scratch.url.appendingPathComponent(".\(name).old-\(dead)-1")
            try FileManager.default.createDirectory(at: aside, withIntermediateDirectories: true)
            try Data("older".utf8).write(to: aside.appendingPathComponent("a"))
        }
        try FileManager.default.createDirectory(
            at: scratch.url.appendingPathComponent("replaced"), withIntermediateDirectories: true)
        try TemporaryNames.removeLeftovers(in: scratch.url)
        #expect(try scratch.names == ["lost", "replaced"])
        #expect(try text(scratch.url.appendingPathComponent("lost/a")) == "older")
    }

    @Test func unfinishedWorkOfThisProcessIsKept() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("a")
        try AtomicFile.write(to: url) { writer in
            try writer.write("content")
            #expect(try TemporaryNames.removeLeftovers(in: scratch.url).isEmpty)
        }
        #expect(try text(url) == "content")
    }

    @Test func aKilledProcessLeavesOnlyARecognisableFile() throws {
        // What a kill in the middle leaves is what the body sees: one temporary name, and no final one.
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("a")
        try AtomicFile.write(to: url) { _ in
            let names = try scratch.names
            #expect(names.count == 1)
            #expect(names[0].hasPrefix(".a.tmp-\(getpid())-"))
        }
    }
}
