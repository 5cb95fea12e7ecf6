internal import Crypto
internal import Encoding
internal import JSON
internal import Time

/// The members of an answer of the broker, each read as what it has to be.
///
/// Errors name members and never quote them: an answer is full of secrets.
struct Answer {
    let object: JSONObject

    init(parsing body: [UInt8]) throws(DeliveryError) {
        // As large as a full context may be: 128 secrets of 64 KiB, each byte at worst a \u escape of six.
        guard let json = try? JSON.parse(body, limits: JSONLimits(bytes: 64 << 20, depth: 32)),
            let object = json.asObject
        else {
            throw Self.refused("it is no JSON object; is that address a Jobpass broker?")
        }
        self.object = object
    }

    func text(_ name: String) throws(DeliveryError) -> String {
        guard let text = object[name]?.asString else { throw Self.refused("'\(name)' is no string") }
        return text
    }

    func index(_ name: String) throws(DeliveryError) -> UInt64 {
        guard let index = object[name]?.asInteger.flatMap({ UInt64(exactly: $0) }) else {
            throw Self.refused("'\(name)' is no whole number from 0")
        }
        return index
    }

    func time(_ name: String) throws(DeliveryError) -> UnixTime? {
        guard let value = object[name] else { throw Self.refused("'\(name)' is missing") }
        if case .null = value { return nil }
        guard let moment = value.asString.flatMap({ try? RFC3339.parse($0) }) else {
            throw Self.refused("'\(name)' is neither null nor an RFC 3339 time")
        }
        return moment
    }

    func variables(_ name: String) throws(DeliveryError) -> NamedSecrets {
        guard let members = object[name]?.asObject?.members else { throw Self.refused("'\(name)' is no object") }
        var variables = NamedSecrets()
        for member in members {
            guard let variable = EnvironmentName(member.name), let value = member.value.asString else {
                throw Self.refused("'\(name)' has a member that is no variable with a text")
            }
            variables.append(variable, text: value)
        }
        return variables
    }

    static func refused(_ reason: String) -> DeliveryError {
        DeliveryError(.answer, "the broker's answer is not one of Jobpass: \(reason)")
    }
}
