internal import Crypto
internal import JSON
internal import POSIX
internal import Time
internal import Tokens

/// What was found to be good.
enum Verdict: Sendable {
    case token(VerifiedToken)
    case signature(VerifiedSignature)

    func show(_ invocation: Invocation) throws {
        let console = Console(invocation.environment)
        switch self {
        case .signature(let signature): try StandardOutput.write(signature.payload)
        case .token(let token) where invocation.has(.json):
            try console.result(["header": .object(token.header.members), "claims": .object(token.claims)])
        case .token(let token):
            var table = Table("CLAIM", "VALUE")
            for member in token.claims.members { table.add(member.name, Self.text(of: member)) }
            try console.result(table.text(console.resultStyle))
            console.note("good: \(token.header.algorithm.rawValue), key \(token.header.kid ?? "without a name")")
        }
    }

    /// A claim's value; the times of RFC 7519 also as people read them.
    private static func text(of member: JSONObject.Member) -> String {
        guard ["exp", "nbf", "iat"].contains(member.name), let seconds = member.value.asInteger else {
            return member.value.asString ?? member.value.text
        }
        return "\(seconds) (\(RFC3339.format(UnixTime(seconds: seconds))))"
    }
}
