internal import Encoding
package import JSON
internal import Time

/// What a job must know of a target that it trades at itself: the target's settings by the keys of the configuration, as the
/// broker sends them and the job reads them.
///
/// None is secret: they are names and addresses, and what they let anybody do a token decides.
extension Target {
    /// The settings, `type` among them.
    package var settings: JSONObject {
        var settings: JSONObject =
            switch service {
            case .aws(let aws): aws.settings
            case .gcp(let gcp): gcp.settings
            case .azure(let azure): azure.settings
            case .vault(let vault): vault.settings
            case .tokenExchange(let exchange): exchange.settings
            case .recipe(let recipe): recipe.settings
            case .none(let none): ["environment": .string(none.environment.text)]
            }
        settings["type"] = .string(type.rawValue)
        settings["ca"] = certificateAuthorities.map { .string($0) }
        settings["timeout"] = .string(limits.total.text)
        settings["try_timeout"] = .string(limits.attempt.text)
        settings["connect_timeout"] = .string(limits.connection.text)
        return settings
    }

    /// Reads a target that the job trades at, held to the same rules as one of the configuration.
    ///
    /// - Throws: `TargetError` of the key that cannot work.
    package init(name: String, settings object: JSONObject) throws(TargetError) {
        let settings = SettingReader(object)
        let type = try settings.text("type")
        let service: Service
        switch TargetType(rawValue: type) {
        case .aws: service = .aws(try AWSTarget(settings))
        case .gcp: service = .gcp(try GCPTarget(settings))
        case .azure: service = .azure(try AzureTarget(settings))
        case .vault: service = .vault(try VaultTarget(settings))
        case .tokenExchange: service = .tokenExchange(try TokenExchangeTarget(settings))
        case .recipe: service = .recipe(try RecipeTarget(settings))
        case .none?: service = .none(try NoneTarget(environment: try settings.text("environment")))
        case nil: throw TargetError("type", seen: type, wanted: "a type that this version knows; is the broker newer?")
        }
        try self.init(
            name: name,
            service: service,
            certificateAuthorities: try settings.text(ifThere: "ca"),
            limits: try TradeLimits(
                connection: try settings.duration("connect_timeout"),
                attempt: try settings.duration("try_timeout"),
                total: try settings.duration("timeout")
            ),
            trader: .job
        )
    }
}

/// Takes settings out of what a broker sent.
struct SettingReader {
    private let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

    func has(_ key: String) -> Bool { object[key] != nil }

    func value(_ key: String) throws(TargetError) -> JSON {
        guard let value = object[key] else { throw TargetError(key, seen: "nothing", wanted: "a value") }
        return value
    }

    func list(_ key: String) throws(TargetError) -> [JSON] {
        guard let value = object[key] else { return [] }
        guard let values = value.asArray else { throw TargetError(key, seen: value.text, wanted: "a list") }
        return values
    }

    func text(_ key: String) throws(TargetError) -> String {
        guard let text = try text(ifThere: key) else { throw TargetError(key, seen: "nothing", wanted: "a text") }
        return text
    }

    func text(ifThere key: String) throws(TargetError) -> String? {
        guard let value = object[key] else { return nil }
        guard let text = value.asString else { throw TargetError(key, seen: value.text, wanted: "a text") }
        return text
    }

    func texts(_ key: String) throws(TargetError) -> [String] {
        guard let value = object[key] else { return [] }
        guard let values = value.asArray, values.allSatisfy({ $0.asString != nil }) else {
            throw TargetError(key, seen: value.text, wanted: "a list of texts")
        }
        return values.compactMap(\.asString)
    }

    func objects(_ key: String) throws(TargetError) -> [SettingReader] {
        guard let value = object[key] else { return [] }
        guard let values = value.asArray, values.allSatisfy({ $0.asObject != nil }) else {
            throw TargetError(key, seen: value.text, wanted: "a list of objects")
        }
        return values.compactMap(\.asObject).map(SettingReader.init)
    }

    func flag(_ key: String) throws(TargetError) -> Bool {
        guard let value = object[key] else { return false }
        guard let flag = value.asBool else { throw TargetError(key, seen: value.text, wanted: "true or false") }
        return flag
    }

    func duration(_ key: String) throws(TargetError) -> Duration? {
        guard let text = try text(ifThere: key) else { return nil }
        do throws(TimeError) { return try Duration(parsing: text) } catch {
            throw TargetError(key, seen: text, wanted: "a duration such as 25s")
        }
    }
}
