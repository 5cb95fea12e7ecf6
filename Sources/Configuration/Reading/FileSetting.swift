internal import POSIX
internal import YAML

/// A place in the configuration file, for what is found out after it was read.
struct ConfigurationPlace: Hashable, Sendable {
    let file: String
    let line: Int
    let column: Int
    let key: String

    func problem(_ severity: ConfigurationProblem.Severity, _ reason: String, fix: String) -> ConfigurationProblem {
        ConfigurationProblem(severity, file: file, line: line, column: column, key: key, reason, fix: fix)
    }
}

/// A file that the configuration names, what it is for, and where it is named.
struct FileSetting: Hashable, Sendable {
    /// What the file must be.
    enum Kind: Hashable, Sendable {
        /// A file that may be read by anyone.
        case readable
        /// A file closed to everyone but its owner.
        case secret
        /// A shared library of any size, which this process loads.
        case library
        /// A directory whose `.pem` files are secret.
        case keyDirectory
        /// A file to be made or written, so that its directory must be there.
        case database
    }

    let path: String
    let kind: Kind
    let place: ConfigurationPlace
}

extension Section {
    /// A path, relative ones from the directory of the configuration file; `credential:NAME` is one that systemd handed over.
    func path(_ text: String) -> String {
        if text.hasPrefix(Configuration.credentialPrefix) {
            return Paths.join(problems.credentials, String(text.dropFirst(Configuration.credentialPrefix.count)))
        }
        let directory = Paths.parent(of: problems.file)
        return directory == "." ? text : Paths.join(directory, text)
    }

    /// Where a value is written, for later.
    func place<Value>(of located: Located<Value>) -> ConfigurationPlace {
        ConfigurationPlace(
            file: problems.file,
            line: located.mark.line,
            column: located.mark.column,
            key: located.key
        )
    }
}
