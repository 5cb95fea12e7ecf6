internal import Crypto
internal import Encoding

/// The files by which a CI system takes variables over from one step of a job to the next.
package enum CIEnvironment: String, CaseIterable, Sendable {
    /// GitHub Actions: `GITHUB_ENV`.
    case github = "github-env"
    /// CircleCI: `BASH_ENV`.
    case circleci = "circleci-env"

    /// The variable that names the file.
    package var variable: String {
        switch self {
        case .github: "GITHUB_ENV"
        case .circleci: "BASH_ENV"
        }
    }

    /// What the job's log must have seen before the file has the secrets, so that they are masked in it.
    ///
    /// CircleCI masks what its own settings hold, and has no command for it.
    package func masks(_ credential: borrowing CredentialAnswer) -> String {
        guard self == .github else { return "" }
        var lines = ""
        let plain = credential.plainVariables
        credential.environment.withTexts { name, value in
            guard !plain.contains(name.text) else { return }
            // The runner looks for each by itself; a secret of several lines may be shown line by line.
            let parts = value.unicodeScalars.split { $0 == "\n" || $0 == "\r" }.map { String($0) }
            for text in parts.count > 1 ? parts + [value] : [value] where !text.isEmpty {
                lines += "::add-mask::\(Self.escaped(text))\n"
            }
        }
        return lines
    }

    /// What is appended to the file.
    ///
    /// - Throws: `DeliveryError` with code `form` of a variable that the CI system would not take.
    package func lines(_ credential: borrowing CredentialAnswer) throws(DeliveryError) -> String {
        switch self {
        case .github: return try Self.heredocs(credential.environment)
        case .circleci: return ShellForm.exports(credential.environment)
        }
    }

    /// The runner's multiline syntax, between delimiters that nobody can foresee.
    private static func heredocs(_ variables: borrowing NamedSecrets) throws(DeliveryError) -> String {
        var lines = ""
        try variables.withTexts { name, value throws(DeliveryError) in
            let isReserved = name.text.hasPrefix("GITHUB_") || name.text.hasPrefix("RUNNER_")
            guard !isReserved, !["NODE_OPTIONS", "CI"].contains(name.text) else {
                throw DeliveryError(.form, "\(name) is a variable that GitHub Actions lets no step set")
            }
            var delimiter: String
            repeat { delimiter = "ghadelimiter_\(Hex.encode(Entropy.bytes(16)))" } while value.contains(delimiter)
            lines += "\(name)<<\(delimiter)\n\(value)\n\(delimiter)\n"
        }
        return lines
    }

    /// As the runner's commands want their data: percent, then the line ends.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "%": escaped += "%25"
            case "\r": escaped += "%0D"
            case "\n": escaped += "%0A"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
