import Glibc
import POSIX
import Testing

@Suite("Files")
struct FilesTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("a new file has exactly the bytes and the mode asked for", arguments: [UInt32(0o600), 0o644, 0o400])
    func writesNew(mode: UInt32) throws {
        let path = scratch.file("new")
        try Files.writeNew(path, [1, 2, 3], mode: mode)
        #expect(try Files.read(path) == [1, 2, 3])
        let status = try #require(try Files.status(path))
        #expect(status.mode == mode)
        #expect(status.kind == .regular)
        #expect(status.size == 3)
    }

    @Test("a new file never takes the place of one that stands")
    func refusesToOverwrite() throws {
        let path = scratch.file("taken")
        try Files.writeNew(path, [1])
        #expect(throws: POSIXError(.system(EEXIST), "create", path)) { try Files.writeNew(path, [2]) }
        #expect(try Files.read(path) == [1])
    }

    @Test("a new file is not written through a symbolic link")
    func refusesLinks() throws {
        let path = scratch.file("link")
        try scratch.run("ln", "-s", scratch.file("elsewhere"), path)
        #expect(throws: POSIXError(.system(EEXIST), "create", path)) { try Files.writeNew(path, [2]) }
        #expect(try Files.status(scratch.file("elsewhere")) == nil)
    }

    @Test("a replaced file has the new bytes and mode, and nothing is left beside it")
    func replaces() throws {
        let path = scratch.file("settings")
        try Files.writeNew(path, [1], mode: 0o644)
        try Files.replace(path, [2, 3])
        #expect(try Files.read(path) == [2, 3])
        #expect(try Files.status(path)?.mode == 0o600)
        #expect(try Files.list(scratch.path) == ["settings"])
    }

    @Test("where a file cannot be replaced, it stays and the new one is gone")
    func keepsTheOldOne() throws {
        let path = scratch.file("directory")
        try Files.makeDirectory(path)
        try Files.writeNew(Paths.join(path, "inside"), [1])
        #expect(throws: POSIXError(.system(EISDIR), "replace", path)) { try Files.replace(path, [2]) }
        #expect(try Files.list(scratch.path) == ["directory"])
    }

    @Test(
        "a file is read up to its limit and refused above it",
        arguments: [(5, true), (6, true), (4, false), (0, false)]
    )
    func limits(limit: Int, accepted: Bool) throws {
        let path = scratch.file("five")
        try Files.writeNew(path, [1, 2, 3, 4, 5])
        if accepted {
            #expect(try Files.read(path, limit: limit) == [1, 2, 3, 4, 5])
        } else {
            #expect(throws: POSIXError(.tooLarge(limit: limit), "read", path)) {
                try Files.read(path, limit: limit)
            }
        }
    }

    @Test("a file that does not tell its size is read whole")
    func readsUnsized() throws {
        #expect(try Files.readText("/proc/self/status").contains("Name:"))
    }

    @Test("an empty file is no bytes")
    func readsEmpty() throws {
        try Files.writeNew(scratch.file("empty"), [])
        #expect(try Files.read(scratch.file("empty")) == [])
    }

    @Test("a file that is no UTF-8 is no text")
    func refusesBinary() throws {
        let path = scratch.file("binary")
        try Files.writeNew(path, [0xC3, 0x28])
        #expect(throws: POSIXError(.notText, "read", path)) { try Files.readText(path) }
    }

    @Test("a directory cannot be read as a file")
    func refusesDirectories() {
        #expect(throws: POSIXError(.system(EISDIR), "read", scratch.path)) { try Files.read(scratch.path) }
    }

    @Test("a path is not cut at a NUL character")
    func refusesNUL() {
        #expect(throws: POSIXError(.containsNUL, "read", "/etc/passwd\0.txt")) {
            try Files.read("/etc/passwd\0.txt")
        }
    }

    @Test("a tree is removed without following its links out")
    func removesTree() throws {
        let tree = scratch.file("tree")
        try Files.writeNew(scratch.file("kept"), [1])
        try Files.makeDirectory(tree)
        try Files.makeDirectory(Paths.join(tree, "inner"))
        try Files.writeNew(Paths.join(tree, "inner/file"), [1])
        try scratch.run("ln", "-s", scratch.path, Paths.join(tree, "out"))
        try Files.removeTree(tree)
        #expect(try Files.list(scratch.path) == ["kept"])
    }
}

@Suite("Secret files")
struct SecretFilesTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("a secret that only its owner may read is read", arguments: [UInt32(0o600), 0o400])
    func reads(mode: UInt32) throws {
        try Files.writeNew(scratch.file("secret"), [7, 8], mode: mode)
        #expect(try Files.readSecret(scratch.file("secret")) == [7, 8])
    }

    @Test(
        "a secret that others could use is refused with its mode",
        arguments: [UInt32(0o640), 0o604, 0o660, 0o620, 0o700, 0o644]
    )
    func refusesLooseModes(mode: UInt32) throws {
        let path = scratch.file("loose")
        try Files.writeNew(path, [7], mode: mode)
        let error = #expect(throws: POSIXError(.looseMode(mode), "read", path)) { try Files.readSecret(path) }
        #expect(error?.description.contains("0\(String(mode, radix: 8))") == true)
    }

    @Test("a link to a secret is judged by the secret")
    func followsLinks() throws {
        try Files.writeNew(scratch.file("good"), [7])
        try Files.writeNew(scratch.file("loose"), [7], mode: 0o644)
        try scratch.run("ln", "-s", scratch.file("good"), scratch.file("to-good"))
        try scratch.run("ln", "-s", scratch.file("loose"), scratch.file("to-loose"))
        #expect(try Files.readSecret(scratch.file("to-good")) == [7])
        #expect(throws: POSIXError(.looseMode(0o644), "read", scratch.file("to-loose"))) {
            try Files.readSecret(scratch.file("to-loose"))
        }
    }

    @Test("a pipe in a secret's place is refused at once")
    func refusesPipes() throws {
        let path = scratch.file("pipe")
        try scratch.run("mkfifo", "-m", "600", path)
        #expect(throws: POSIXError(.notRegular, "read", path)) { try Files.readSecret(path) }
    }

    @Test("a secret of another user is refused", .enabled(if: geteuid() == 0, "only root can give a file away"))
    func refusesForeignOwners() throws {
        let path = scratch.file("foreign")
        try Files.writeNew(path, [7])
        try scratch.run("chown", "4242", path)
        #expect(throws: POSIXError(.foreignOwner(4242), "read", path)) { try Files.readSecret(path) }
    }
}

@Suite("Paths")
struct PathsTests {
    @Test(
        "a path has a parent and a name",
        arguments: [
            ("/etc/jobpass/jobpass.yaml", "/etc/jobpass", "jobpass.yaml"), ("/etc", "/", "etc"), ("file", ".", "file"),
            ("./file", ".", "file"), ("/a/b/", "/a", "b"), ("a//b", "a", "b"), ("/", "/", ""),
        ]
    )
    func takesApart(path: String, parent: String, name: String) {
        #expect(Paths.parent(of: path) == parent)
        #expect(Paths.name(of: path) == name)
    }

    @Test(
        "a path is joined to a directory unless it is absolute",
        arguments: [
            ("/etc", "x", "/etc/x"), ("/etc/", "x", "/etc/x"), ("/etc", "/x", "/x"), ("", "x", "x"), (".", "x", "./x"),
        ]
    )
    func joins(directory: String, path: String, joined: String) {
        #expect(Paths.join(directory, path) == joined)
    }

    @Test("a relative path is seen from the working directory")
    func absolute() throws {
        let here = try Paths.absolute(".")
        #expect(here.hasPrefix("/"))
        #expect(try Paths.absolute("x") == Paths.join(here, "x"))
        #expect(try Paths.absolute("./x") == Paths.join(here, "x"))
        #expect(try Paths.absolute("/x") == "/x")
    }
}
