import Configuration
import POSIX
import Support
import Testing

@Suite("Problems of a configuration")
struct ProblemTests {
    static let vectors = [
        "aws", "clouds", "contexts", "contract", "empty", "everything", "http-with-tls", "principals", "rules",
        "identity", "issuers", "server", "shapes", "syntax", "targets", "twice", "warnings",
    ]

    @Test("every mistake in a file is reported with line, column, key and fix, and nothing else is", arguments: vectors)
    func reports(name: String) throws {
        let bytes = try Vectors.bytes("\(name).yaml")
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let expected = lines.filter { $0.hasPrefix("#! ") }.map { "jobpass.yaml:" + $0.dropFirst(3) }
        let found: [ConfigurationProblem]
        do {
            found = try Configuration.parse(bytes, file: "jobpass.yaml").warnings
            #expect(found.allSatisfy { $0.severity == .warning })
        } catch {
            found = error.problems
            #expect(found.contains { $0.severity == .error })
        }
        #expect(found.map(\.description) == expected.map { String($0) })
    }

    @Test("no value that could be a secret is quoted")
    func keepsSecrets() throws {
        for name in ["server", "principals"] {
            let text = String(decoding: try Vectors.bytes("\(name).yaml"), as: UTF8.self)
            // The token that somebody put in its hash's place, and the password of a database.
            try #require(text.contains("hunter2"))
            let error = try #require(throws: InvalidConfiguration.self) {
                try Configuration.parse(Array(text.utf8), file: "jobpass.yaml")
            }
            #expect(!error.description.contains("hunter2"))
        }
    }

    @Test("a file that is not there is an error that says how to make one")
    func missingFile() throws {
        let error = try #require(throws: InvalidConfiguration.self) { try Configuration.load("/nowhere/jobpass.yaml") }
        #expect(
            error.description == "/nowhere/jobpass.yaml:1:1: error: No such file or directory; "
                + "give its path with --config, or make one with 'jobpass init'"
        )
    }

    @Test("a directory or too large a file is an error")
    func unreadable() throws {
        #expect(throws: InvalidConfiguration.self) { try Configuration.load("/") }
        let large = Array(repeating: UInt8(ascii: "#"), count: 1 << 21)
        #expect(throws: InvalidConfiguration.self) { try Configuration.parse(large, file: "jobpass.yaml") }
    }

    @Test(
        "a file cut off anywhere, or without any one of its lines, is settings or errors with a place in it",
        arguments: ["everything", "targets"]
    )
    func damaged(name: String) throws {
        let bytes = try Vectors.bytes("\(name).yaml")
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let cut = stride(from: 0, to: bytes.count, by: 7).map { Array(bytes.prefix($0)) }
        let shortened = lines.indices.map { left in
            Array(lines.indices.filter { $0 != left }.map { lines[$0] }.joined(separator: [UInt8(ascii: "\n")]))
        }
        for text in cut + shortened {
            do {
                _ = try Configuration.parse(text, file: "jobpass.yaml")
            } catch {
                #expect(error.problems.contains { $0.severity == .error })
                #expect(error.problems.allSatisfy { (1...lines.count + 1).contains($0.line) && $0.column >= 1 })
                #expect(error.problems.allSatisfy { !$0.reason.isEmpty && !$0.fix.isEmpty })
            }
        }
    }

    @Test("a file is loaded as its text is parsed")
    func loads() throws {
        let directory = try Files.makeTemporaryDirectory("jobpass-configuration")
        defer { try? Files.removeTree(directory) }
        try Files.writeNew("\(directory)/jobpass.yaml", Vectors.bytes("warnings.yaml"))
        let settings = try Configuration.load("\(directory)/jobpass.yaml")
        #expect(settings.issuer.url == "https://ci.example.com:8443")
        #expect(settings.warnings.map(\.file) == Array(repeating: "\(directory)/jobpass.yaml", count: 2))
    }
}
