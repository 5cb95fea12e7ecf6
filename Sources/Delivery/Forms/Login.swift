internal import Crypto
internal import Encoding
package import JSON
internal import Time

/// A user and a password, of a credential that has them or whose one token stands for a password.
package struct Login: Sendable {
    package let username: String
    private let password: String
    private let expires: UnixTime?
    /// The host that the credential names as its own.
    package let server: String?

    /// Finds the login in a credential; a username that is given wins over the credential's own.
    ///
    /// A container registry's login stands under `docker` in the details. Otherwise the password is the variable whose name
    /// ends in PASSWORD, or the one token, and the user that whose name ends in USERNAME or USER, or what services of the
    /// type want beside a token.
    ///
    /// - Throws: `DeliveryError` with code `form` where it has none.
    package init(of credential: borrowing CredentialAnswer, username: String? = nil) throws(DeliveryError) {
        let login = credential.details["docker"]
        var named: [String: String] = [:]
        credential.environment.withTexts { name, value in named[name.text] = value }
        func value(endingIn ends: [String]) -> String? {
            for end in ends {
                let found = named.filter { $0.key == end || $0.key.hasSuffix("_\(end)") }
                if found.count == 1 { return found.first?.value }
            }
            return nil
        }
        let password =
            login?["password_variable"]?.asString.flatMap { named[$0] } ?? value(endingIn: ["PASSWORD"])
            ?? credential.bearer
        guard let password else {
            throw DeliveryError(
                .form,
                "the credential of \(credential.target) (\(credential.type)) has no password and no single token"
            )
        }
        let user =
            username ?? login?["username"]?.asString ?? value(endingIn: ["USERNAME", "USER"])
            ?? Self.user(ofType: credential.type)
        for text in [user, password] where text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) || text.isEmpty {
            throw DeliveryError(
                .form,
                "the user or the password of \(credential.target) is empty, or has a character that no login can carry"
            )
        }
        self.username = user
        self.password = password
        server = login?["registry"]?.asString
        expires = login?["expires_at"]?.asString.flatMap { try? RFC3339.parse($0) } ?? credential.expires
    }

    /// What a Docker credential helper answers to `get`.
    ///
    /// - Throws: `DeliveryError` with code `form` where nothing says for which registry.
    package func docker(server: String?) throws(DeliveryError) -> JSON {
        guard let server = server ?? self.server else {
            throw DeliveryError(.form, "nothing says for which registry the login is: give --server")
        }
        return ["ServerURL": .string(server), "Username": .string(username), "Secret": .string(password)]
    }

    /// What a git credential helper answers to `get` (git-credential(1)): lines without quotes.
    package func git() -> String {
        var lines = "username=\(username)\npassword=\(password)\n"
        if let expires { lines += "password_expiry_utc=\(expires.seconds)\n" }
        return lines
    }

    /// The user that a service wants beside a token as password, where any or one of its own will do.
    private static func user(ofType type: String) -> String {
        switch type {
        case "gcp": "oauth2accesstoken"
        case "azure": "00000000-0000-0000-0000-000000000000"
        default: "oauth2"
        }
    }
}
