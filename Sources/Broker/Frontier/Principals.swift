package import Configuration
internal import Crypto
internal import Federation
internal import HTTP
internal import Tokens

/// Everyone but jobs who may speak to the broker: orchestrators, administrators, auditors.
package struct Principals: Sendable {
    private let all: [Principal]

    /// Makes the list of a configuration.
    package init(_ all: [Principal]) { self.all = all }

    /// Who a request's bearer speaks for; every principal's hash is compared, each in constant time.
    func find(bearer: Substring) -> Principal? {
        let digest = SHA256.hash(Array(bearer.utf8))
        var found: Principal?
        for principal in all {
            guard case .token(let known) = principal.proof else { continue }
            if known.isEqualInConstantTime(to: digest) { found = principal }
        }
        return found
    }

    /// Those who show a token of another issuer, with what it must say.
    func federated(by issuer: String) -> [(principal: Principal, rules: UpstreamRules)] {
        all.compactMap { principal in
            guard case .oidc(let rules) = principal.proof, rules.issuer.text.utf8.elementsEqual(issuer.utf8) else {
                return nil
            }
            return (principal, rules)
        }
    }

    /// The principal of a name.
    func named(_ name: String) -> Principal? { all.first { $0.name == name } }

    /// Whom a verified client certificate belongs to.
    func find(certificate: PeerCertificate) -> Principal? {
        all.first { principal in
            switch principal.proof {
            case .certificate(let name): certificate.subjectAlternativeNames.contains(name)
            case .publicKey(let pin): pin.bytes == certificate.publicKeySHA256
            case .token, .oidc: false
            }
        }
    }
}

/// One of them, as configuration describes it.
package typealias Principal = PrincipalSettings

extension Principal.Role {
    /// The role as configuration writes it.
    var name: String {
        switch self {
        case .orchestrator: "orchestrator"
        case .administrator: "administrator"
        case .auditor: "auditor"
        }
    }
}
