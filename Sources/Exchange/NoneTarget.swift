internal import Crypto
package import Encoding
internal import JSON
internal import Tokens

/// A target without a trade: the job gets the ID token itself, for a service that verifies it with every call.
package struct NoneTarget: Equatable, Sendable {
    /// The variable that carries the token where `environment` is left out.
    package static let defaultEnvironment = "JOBPASS_ID_TOKEN"

    /// The environment variable that carries the token.
    package let environment: EnvironmentName

    /// Makes the settings of one variable.
    ///
    /// - Throws: `TargetError` of `environment`.
    package init(environment: String = NoneTarget.defaultEnvironment) throws(TargetError) {
        guard let name = EnvironmentName(environment) else {
            throw TargetError("environment", seen: environment, wanted: "a variable's name: letters, digits and '_'")
        }
        self.environment = name
    }
}

extension Credential {
    /// The ID token itself, where there is nobody to trade it with.
    init(ofNoTrade token: borrowing TokenText, at target: Target, as none: NoneTarget) {
        var environment = NamedSecrets()
        environment.append(none.environment, SecretBytes(copying: token.bytes))
        self.init(
            target: target.name,
            type: .none,
            name: token.facts.identifier,
            session: nil,
            expires: token.facts.expires,
            details: ["audience": .string(token.facts.audience)],
            environment: environment
        )
    }
}
