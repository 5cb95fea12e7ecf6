import Configuration
import Crypto
import POSIX
import Support
import Testing
import Time

@Suite("Checking what a configuration names")
struct CheckTests {
    /// A directory with a configuration and every file that it names, all as they should be.
    final class Site {
        let directory: String
        let settings: Settings

        init() throws {
            directory = try Files.makeTemporaryDirectory("jobpass-check")
            for name in ["tls.crt", "ca.crt", "aws.crt"] { try Files.writeNew("\(directory)/\(name)", [], mode: 0o644) }
            for name in ["tls.key", "jobpass.db", "master.key"] { try Files.writeNew("\(directory)/\(name)", []) }
            try Files.makeDirectory("\(directory)/keys")
            for name in ["a.pem", "b.pem"] { try Files.writeNew("\(directory)/keys/\(name)", []) }
            let text = """
                issuer: https://ci.example.com
                store: sqlite:jobpass.db
                tls: {certificate: tls.crt, private_key: tls.key, client_ca: ca.crt}
                keys: {directory: keys}
                secrets: {master_key: master.key}
                principals:
                  - {name: fleet, role: orchestrator, projects: ["**"], token_sha256: \(SHA256.hash("x").hex)}
                targets:
                  aws:
                    type: aws
                    role: arn:aws:iam::123456789012:role/deploy
                    region: eu-west-1
                    ca: aws.crt
                    allow: [{project: "**"}]
                    fallback: {context: legacy, until: 2027-01-31, reason: not migrated}
                contexts: {legacy: {allow: [{project: "**"}]}}
                """
            settings = try Configuration.parse(Array(text.utf8), file: "\(directory)/jobpass.yaml")
        }

        deinit { try? Files.removeTree(directory) }

        /// The problems that a check finds, without the directory's name.
        func problems(at day: String = "2027-01-31") throws -> [String] {
            let found = Configuration.check(settings, at: try RFC3339.parse("\(day)T23:59:59Z"))
            return found.map { $0.description.replacing("\(directory)/", with: "") }
        }

        func replace(_ name: String, mode: UInt32) throws {
            try Files.remove("\(directory)/\(name)")
            try Files.writeNew("\(directory)/\(name)", [], mode: mode)
        }
    }

    @Test("a configuration whose files are all as they should be has no problems")
    func clean() throws {
        let site = try Site()
        #expect(try site.problems().isEmpty)
    }

    @Test(
        "a file that is missing is an error where it is named",
        arguments: [
            ("tls.crt", "3:20", "tls.certificate"), ("tls.key", "3:42", "tls.private_key"),
            ("ca.crt", "3:62", "tls.client_ca"),
            ("master.key", "5:23", "secrets.master_key"), ("aws.crt", "13:9", "targets.aws.ca"),
        ]
    )
    func missing(name: String, place: String, key: String) throws {
        let site = try Site()
        try Files.remove("\(site.directory)/\(name)")
        #expect(
            try site.problems()
                == ["jobpass.yaml:\(place): error: \(key): there is no file \(name); make it, or mend the path"]
        )
    }

    @Test(
        "a secret that others may read is an error with the command that mends it",
        arguments: [
            ("tls.key", 0o644, "3:42", "tls.private_key"), ("master.key", 0o640, "5:23", "secrets.master_key"),
            ("keys/b.pem", 0o604, "4:19", "keys.directory"), ("keys/a.pem", 0o700, "4:19", "keys.directory"),
        ] as [(String, UInt32, String, String)]
    )
    func loose(name: String, mode: UInt32, place: String, key: String) throws {
        let site = try Site()
        try site.replace(name, mode: mode)
        #expect(
            try site.problems() == [
                "jobpass.yaml:\(place): error: \(key): the mode of \(name) is 0\(String(mode, radix: 8)), "
                    + "so others may use the secret; run: chmod 600 '\(name)'"
            ]
        )
    }

    @Test("a mode that is stricter still is fine")
    func strict() throws {
        let site = try Site()
        try site.replace("tls.key", mode: 0o400)
        #expect(try site.problems().isEmpty)
    }

    @Test("a directory of keys that is missing, or into which others may put one, is an error")
    func keyDirectory() throws {
        let open = try Site()
        try Files.removeTree("\(open.directory)/keys")
        try Files.makeDirectory("\(open.directory)/keys", mode: 0o777)
        #expect(
            try open.problems()
                == ["jobpass.yaml:4:19: error: keys.directory: others may put keys into keys; run: chmod go-w 'keys'"]
        )
        try Files.removeTree("\(open.directory)/keys")
        #expect(
            try open.problems() == [
                "jobpass.yaml:4:19: error: keys.directory: there is no directory keys; make it and the keys with 'jobpass init'"
            ]
        )
    }

    @Test("a store that is missing is an error, one that everyone may read a warning")
    func store() throws {
        let site = try Site()
        try site.replace("jobpass.db", mode: 0o644)
        #expect(
            try site.problems() == [
                "jobpass.yaml:2:8: warning: store: everyone on this machine may read the claims of every run in jobpass.db; "
                    + "run: chmod o-rwx 'jobpass.db'"
            ]
        )
        try Files.remove("\(site.directory)/jobpass.db")
        #expect(
            try site.problems()
                == ["jobpass.yaml:2:8: error: store: there is no store at jobpass.db; make it with 'jobpass init'"]
        )
    }

    @Test("a fallback is over after its last day, and that is a warning")
    func fallback() throws {
        let site = try Site()
        #expect(
            try site.problems(at: "2027-02-01") == [
                "jobpass.yaml:15:40: warning: targets.aws.fallback.until: the fallback is over since 2027-01-31; "
                    + "remove it and the context's secrets, or set a new date"
            ]
        )
    }
}
