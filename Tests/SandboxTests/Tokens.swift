import Crypto
import Encoding
import JSON
import Testing

/// A token that one change makes unacceptable.
struct SpoiltToken: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// What the cloud says of it: a code, or part of a text.
    let code: String
    let change: @Sendable (inout JSONObject, _ now: Int64) -> Void

    init(_ description: String, _ code: String, _ change: @escaping @Sendable (inout JSONObject, Int64) -> Void) {
        testDescription = description
        self.code = code
        self.change = change
    }
}

/// Algorithms as arguments of a test.
enum SignatureChoice: String, Sendable {
    case rs256
    case es256
    case edDSA

    var algorithm: SignatureAlgorithm {
        switch self {
        case .rs256: .rs256
        case .es256: .es256
        case .edDSA: .edDSA
        }
    }
}

/// A form with its fields in the order that they are given in.
struct FormText {
    let bytes: [UInt8]

    init(_ fields: [(String, String)]) {
        bytes = Array(Form(fields.map { Form.Field($0.0, $0.1) }).encoded.utf8)
    }
}

extension String {
    /// This token with the payload of another, and its own signature.
    func replacingPayload(with other: String) -> String {
        var parts = split(separator: ".")
        parts[1] = other.split(separator: ".")[1]
        return parts.joined(separator: ".")
    }
}
