internal import Crypto
internal import JSON

/// The forms in which `jobpass credential` writes a credential, by the names that `--format` takes.
package enum CredentialForm: String, CaseIterable, Sendable {
    /// Lines that a POSIX shell evaluates: `export NAME='value'`.
    case env
    /// Lines of `NAME=value`, for readers of such files, no two of which agree on quotes.
    case dotenv
    /// The broker's answer.
    case json
    /// What the `credential_process` of an AWS profile prints.
    case awsProcess = "aws-process"

    /// A credential in this form, its last line ended.
    ///
    /// - Throws: `DeliveryError` with code `form` where the form cannot carry it.
    package func text(of credential: borrowing CredentialAnswer) throws(DeliveryError) -> String {
        switch self {
        case .env: return Self.shell(credential.environment)
        case .dotenv: return try Self.dotenv(credential.environment)
        case .json: return credential.json().text + "\n"
        case .awsProcess: return try AWSKeys(of: credential).processOutput.text + "\n"
        }
    }

    /// Single quotes keep every character as it is but the quote itself, which stands outside of them.
    private static func shell(_ variables: borrowing NamedSecrets) -> String {
        var lines = ""
        variables.withTexts { name, value in
            // By scalars: to Swift, a quote and an accent behind it are one character, which is not a quote; to a shell they
            // are two.
            lines += "export \(name)='"
            for scalar in value.unicodeScalars {
                if scalar == "'" { lines += "'\\'" }
                lines.unicodeScalars.append(scalar)
            }
            lines += "'\n"
        }
        return lines
    }

    private static func dotenv(_ variables: borrowing NamedSecrets) throws(DeliveryError) -> String {
        var lines = ""
        try variables.withTexts { name, value throws(DeliveryError) in
            // What one reader takes literally another expands, strips or ends the value at.
            let isSafe = value.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"'\"`\\$#".utf8.contains($0) }
            guard isSafe, !value.isEmpty else {
                throw DeliveryError(
                    .form,
                    "\(name) has characters that readers of dotenv files understand differently; use --format env or json"
                )
            }
            lines += "\(name)=\(value)\n"
        }
        return lines
    }
}
