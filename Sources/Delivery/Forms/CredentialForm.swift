internal import Crypto
internal import JSON
package import Time

/// The forms in which `jobpass credential` writes a credential to standard output, by the names that `--format` takes.
package enum CredentialForm: String, CaseIterable, Sendable {
    /// Lines that a POSIX shell evaluates: `export NAME='value'`.
    case env
    /// Lines of `NAME=value`, quoted where all readers of such files take the quotes alike.
    case dotenv
    /// The broker's answer.
    case json
    /// What the `credential_process` of an AWS profile prints.
    case awsProcess = "aws-process"
    /// What the executable of a Google external_account file prints.
    case gcpExecutable = "gcp-executable"
    /// What an exec plugin of kubectl prints: client.authentication.k8s.io/v1.
    case kubernetes
    /// What a Docker credential helper answers to `get`.
    case docker
    /// What a git credential helper answers to `get`.
    case git

    /// What a form needs to know besides the credential.
    package struct Context: Sendable {
        package let now: UnixTime
        /// Where a password is to be used; the credential's own word for it where this is nil.
        package var server: String?
        /// The user of a password; the credential's own where this is nil.
        package var username: String?
        /// The version of the ExecCredential that kubectl asks for.
        package var kubernetesVersion = "client.authentication.k8s.io/v1"

        /// Makes the context of a moment.
        package init(now: UnixTime) { self.now = now }
    }

    /// A credential in this form, its last line ended.
    ///
    /// - Throws: `DeliveryError` with code `form` where the form cannot carry it.
    package func text(
        of credential: borrowing CredentialAnswer,
        _ context: Context
    ) throws(DeliveryError) -> String {
        switch self {
        case .env: return ShellForm.exports(credential.environment)
        case .dotenv: return try DotenvForm.lines(credential.environment)
        case .json: return credential.json().text + "\n"
        case .awsProcess: return try AWSKeys(of: credential).processOutput.text + "\n"
        case .gcpExecutable: return try BearerForm.googleExecutable(credential).text + "\n"
        case .kubernetes:
            return try BearerForm.execCredential(credential, context.kubernetesVersion, now: context.now).text + "\n"
        case .docker:
            return try Login(of: credential, username: context.username).docker(server: context.server).text + "\n"
        case .git: return try Login(of: credential, username: context.username).git()
        }
    }
}
