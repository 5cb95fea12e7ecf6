package import Encoding

/// A server that follows RFC 8693, and takes our ID token as the subject token.
package struct TokenExchangeTarget: Equatable, Sendable {
    /// One further parameter of the request; those that RFC 8693 lets repeat may stand more than once.
    package struct Parameter: Equatable, Sendable {
        package let name: String
        package let value: String

        /// Makes a parameter.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Who acts for the subject (RFC 8693, section 1.1), by a token that something else keeps fresh.
    package struct Actor: Equatable, Sendable {
        /// Path of a file that holds the token alone, such as that of a Kubernetes service account; read at every trade.
        package let tokenFile: String
        package let tokenType: String

        fileprivate init(tokenFile: String, tokenType: String) {
            self.tokenFile = tokenFile
            self.tokenType = tokenType
        }
    }

    /// How the request is written.
    package enum Body: String, CaseIterable, Sendable {
        /// As RFC 8693 has it.
        case form
        /// As one JSON object, for servers such as JFrog's.
        case json
    }

    /// What begins the names of token types (RFC 8693, section 3).
    static let typePrefix = "urn:ietf:params:oauth:token-type:"

    /// The variable that carries the token where `environment` is left out.
    package static let defaultEnvironment = "ACCESS_TOKEN"

    /// Where tokens are traded.
    package let endpoint: Endpoint
    package let parameters: [Parameter]
    /// What our token is said to be; a JWT where the setting is left out.
    package let subjectTokenType: String
    /// What is wanted for it; nil leaves that to the server.
    package let requestedTokenType: String?
    /// Who acts for the job; optional.
    package let actor: Actor?
    package let body: Body
    /// Where a token is given back (RFC 7009); optional.
    package let revocationEndpoint: Endpoint?
    /// The environment variable that carries the token.
    package let environment: EnvironmentName

    /// Makes the settings of one server; a token type without a colon is one of RFC 8693's own (`jwt`, `id_token`, …).
    ///
    /// - Throws: `TargetError` of the key that cannot work.
    package init(
        endpoint: String,
        parameters: [Parameter] = [],
        subjectTokenType: String = "jwt",
        requestedTokenType: String? = nil,
        actorTokenFile: String? = nil,
        actorTokenType: String? = nil,
        body: Body = .form,
        revocationEndpoint: String? = nil,
        environment: String = TokenExchangeTarget.defaultEnvironment
    ) throws(TargetError) {
        self.endpoint = try Endpoint(endpoint, key: "token_endpoint")
        try Self.check(parameters, body)
        self.parameters = parameters
        self.subjectTokenType = try Self.type(subjectTokenType, key: "subject_token_type")
        self.requestedTokenType = try requestedTokenType.map { text throws(TargetError) in
            try Self.type(text, key: "requested_token_type")
        }
        actor = try Self.actor(actorTokenFile, actorTokenType)
        self.body = body
        self.revocationEndpoint = try revocationEndpoint.map { text throws(TargetError) in
            try Endpoint(text, key: "revocation_endpoint")
        }
        // RFC 7009 is served where tokens are given: any other host would learn a token that is not its own.
        if let revocationEndpoint, !self.endpoint.isSameHost(as: self.revocationEndpoint) {
            throw TargetError(
                "revocation_endpoint",
                seen: revocationEndpoint,
                wanted: "one at token_endpoint's own host"
            )
        }
        guard let name = EnvironmentName(environment) else {
            throw TargetError("environment", seen: environment, wanted: "a variable's name: letters, digits and '_'")
        }
        self.environment = name
    }

    /// An actor is a token and its type, or neither (RFC 8693, section 2.1).
    private static func actor(_ file: String?, _ kind: String?) throws(TargetError) -> Actor? {
        guard let file else {
            guard let kind else { return nil }
            throw TargetError("actor_token_type", seen: kind, wanted: "actor_token_file beside it")
        }
        let kind = try type(kind ?? "jwt", key: "actor_token_type")
        return Actor(tokenFile: file, tokenType: kind)
    }

    /// Those that this type sets itself.
    private static let own = ["grant_type", "subject_token", "subject_token_type", "requested_token_type"]

    private static func check(_ parameters: [Parameter], _ body: Body) throws(TargetError) {
        guard parameters.count <= 32 else {
            throw TargetError("parameters", seen: "\(parameters.count) of them", wanted: "at most 32")
        }
        var seen: Set<String> = []
        for parameter in parameters {
            let name = parameter.name
            guard SettingCheck.isVisible(name, limit: 128), parameter.value.utf8.count <= 4_096 else {
                throw TargetError(
                    "parameters",
                    seen: name,
                    wanted: "a name of visible ASCII and at most 4096 bytes behind it"
                )
            }
            if own.contains(name) {
                throw TargetError("parameters", seen: name, wanted: "nothing of this name: the target sets it itself")
            }
            if name.hasPrefix("actor_token") {
                throw TargetError(
                    "parameters",
                    seen: name,
                    wanted: "actor_token_file and actor_token_type of the target instead"
                )
            }
            // A secret in a configuration would be in the clear.
            if ["client_secret", "client_assertion", "password"].contains(name) {
                throw TargetError(
                    "parameters",
                    seen: name,
                    wanted: "none that is a secret: a configuration holds no secrets"
                )
            }
            // RFC 8693, section 2.1, lets these two stand several times; RFC 6749, section 3.2, forbids it of all others.
            let mayRepeat = body == .form && ["audience", "resource"].contains(name)
            guard seen.insert(name).inserted || mayRepeat else {
                throw TargetError(
                    "parameters",
                    seen: name,
                    wanted: "it once: only audience and resource of a form repeat"
                )
            }
        }
    }

    private static func type(_ text: String, key: String) throws(TargetError) -> String {
        let names = ["access_token", "refresh_token", "id_token", "saml1", "saml2", "jwt"]
        if names.contains(text) { return typePrefix + text }
        guard text.contains(":"), SettingCheck.isVisible(text, limit: 256) else {
            throw TargetError(key, seen: text, wanted: "a URI, or one of \(names.joined(separator: ", "))")
        }
        return text
    }
}
