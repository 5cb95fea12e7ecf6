internal import Crypto
internal import POSIX
internal import YAML

/// Configuration owns the way from a YAML file to typed settings.
///
/// It understands every key of the contract, section 5, and no other; it reports all that is wrong at once, each with file,
/// line, column and the fix, and starts nothing on half a configuration. It reads no environment variable, follows no
/// include, and opens only the file that it is given and the recipes that its targets name; what else that file names is
/// looked at by `check`, which is asked apart.
///
/// The types under `Settings` are the manual: each field's comment gives meaning, unit and default.
package enum Configuration {
    /// The largest file that is read.
    private static let sizeLimit = 1 << 20

    /// What a path begins with that is a credential's name: `credential:master.key` (systemd.exec(5), `LoadCredential=`).
    static let credentialPrefix = "credential:"
    /// Where the credentials of the unit in `deploy/systemd` are while it runs.
    package static let credentials = "/run/credentials/jobpass.service"

    /// Reads the settings of a file; `credentials` is the directory in which `credential:NAME` is a file.
    ///
    /// - Throws: `InvalidConfiguration` with every mistake that was found.
    package static func load(
        _ path: String,
        credentials: String = credentials
    ) throws(InvalidConfiguration) -> Settings {
        let bytes: [UInt8]
        do {
            bytes = try Files.read(path, limit: sizeLimit)
        } catch {
            let fix =
                error.isNotFound ? "give its path with --config, or make one with 'jobpass init'" : "make it readable"
            throw InvalidConfiguration([
                ConfigurationProblem(.error, file: path, line: 1, column: 1, key: "", "\(error.reason)", fix: fix)
            ])
        }
        return try parse(bytes, file: path, credentials: credentials)
    }

    /// Reads the settings of a text; relative paths in it are taken as from the directory of `file`, which need not exist.
    ///
    /// - Throws: `InvalidConfiguration` with every mistake that was found.
    package static func parse(
        _ bytes: [UInt8],
        file: String,
        credentials: String = credentials
    ) throws(InvalidConfiguration) -> Settings {
        let problems = Problems(file: file, credentials: credentials)
        let root: YAMLNode
        do {
            root = try YAMLNode.parse(bytes)
        } catch {
            problems.error(at: error.mark, "", error.reason, fix: error.fix)
            throw InvalidConfiguration(problems.all)
        }
        let settings = Settings.read(root, digest: SHA256.hash(bytes), problems: problems)
        guard let settings, !problems.hasErrors else { throw InvalidConfiguration(problems.all) }
        return settings
    }
}
