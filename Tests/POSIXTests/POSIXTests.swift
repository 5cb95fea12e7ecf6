import POSIX
import Testing

@Suite("What a failure says")
struct POSIXErrorTests {
    @Test("a failed call names what was tried, the path and the system's reason")
    func namesTheCall() {
        let error = #expect(throws: POSIXError.self) { try Files.read("/no/such/file") }
        #expect(error?.description == "cannot read /no/such/file: No such file or directory")
        #expect(error?.isNotFound == true)
    }

    @Test(
        "a refusal says what to do",
        arguments: [
            (POSIXError(.looseMode(0o644), "read", "/k"), "chmod 600 '/k'"),
            (POSIXError(.tooLarge(limit: 10), "read", "/k"), "limit of 10 bytes"),
            (POSIXError(.foreignOwner(7), "read", "/k"), "belongs to user 7"),
            (POSIXError(.unknownOption, "read", "--x"), "--x: there is no such option"),
            (POSIXError(.missingValue, "read", "--x"), "--x: needs a value"),
            (POSIXError(.unexpectedValue, "read", "--x"), "--x: takes no value"),
        ]
    )
    func saysWhatToDo(error: POSIXError, words: String) {
        #expect(error.description.contains(words))
    }
}

/// A directory that is removed with everything in it at the end of a test.
final class Scratch {
    let path: String

    init() throws { path = try Files.makeTemporaryDirectory("jobpass-posix-tests") }

    deinit { try? Files.removeTree(path) }

    func file(_ name: String) -> String { Paths.join(path, name) }

    /// Runs a tool that makes what this module never does, such as links.
    func run(_ tool: String, _ arguments: String...) throws {
        let status = try Process(tool, arguments, environment: Environment.current).wait()
        try #require(status == .exited(0))
    }
}
