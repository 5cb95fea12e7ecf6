internal import Crypto

/// Which run trades, for names that a cloud shows in its own logs.
package struct JobIdentity: Equatable, Sendable {
    package let project: String
    package let workflow: String
    package let job: String
    /// The id of the run, which is its own for ever.
    package let run: String

    /// Makes an identity of a run's attested claims.
    package init(project: String, workflow: String, job: String, run: String) {
        self.project = project
        self.workflow = workflow
        self.job = job
        self.run = run
    }

    /// The role session name of AWS: `project.workflow.job@run`, in letters, digits and `_+=,.@-` and at most 64 of them.
    ///
    /// The run behind the last `@` tells any two names apart, and is what an auditor looks for; where it cannot stand there
    /// as it is, the first 128 bits of its SHA-256 do. What is before it is for a person's eye: other characters become `-`,
    /// and what is too long is cut.
    package var sessionName: String {
        let isPlain =
            (1...36).contains(run.utf8.count) && run.utf8.allSatisfy { Self.isAllowed($0) && $0 != UInt8(ascii: "@") }
        let tail = isPlain ? run : String(SHA256.hash(run).hex.prefix(32))
        let readable = "\(project).\(workflow).\(job)".unicodeScalars.map { scalar in
            scalar.isASCII && Self.isAllowed(UInt8(scalar.value)) ? Character(scalar) : "-"
        }
        return String(readable.prefix(64 - 1 - tail.utf8.count)) + "@" + tail
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        SettingCheck.isLetterOrDigit(byte) || "_+=,.@-".utf8.contains(byte)
    }
}
