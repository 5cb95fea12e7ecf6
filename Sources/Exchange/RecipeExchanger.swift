internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// The trade that a recipe describes.
struct RecipeExchanger: Exchanger, RefusalReader {
    let target: Target
    let setting: RecipeTarget
    let job: JobIdentity

    private var recipe: Recipe { setting.recipe }

    private var numbers: Set<String> { Set(recipe.parameters.filter(\.isNumber).map(\.name)) }

    func credential(for token: String, over line: CloudLine) async throws(ExchangeFailure) -> Credential {
        let now = line.now
        var values = values(at: now)
        values["token"] = token
        values["session_name"] = job.sessionName
        let request = recipe.request.outgoing(to: setting.origin, values, numbers: numbers)
        let answer = try await line.ask(request, wanting: recipe.request.statuses, refusals: self)
        let root = JSON.object(try CloudJSON.object(in: answer.response, of: "recipe"))
        var environment = NamedSecrets()
        var first: String?
        for variable in recipe.result.environment {
            guard let value = variable.place.value(in: root)?.asString, SettingCheck.isVisible(value, limit: 65_536)
            else {
                throw .broken("recipe", "\(variable.place) is missing, or not visible ASCII")
            }
            first = first ?? value
            environment.append(variable.name, text: value)
        }
        for (name, value) in setting.whereabouts { environment.append(name, text: value) }
        return Credential(
            target: target.name,
            type: .recipe,
            name: recipe.result.name?.value(in: root)?.asString.map(CloudText.line),
            session: nil,
            expires: try end(root, answer, of: first ?? ""),
            details: ["recipe": .string(recipe.name), "host": .string(setting.origin)],
            environment: environment,
            revocation: revocation(of: first ?? "", at: now)
        )
    }

    private func values(at now: UnixTime) -> [String: String] {
        var values = setting.values
        values["timestamp"] = "\(now.seconds)"
        values["time"] = RFC3339.format(UnixTime(seconds: now.seconds))
        return values
    }

    /// When the credential ends: as the answer says, else as the recipe does, else as a JWT does.
    private func end(_ root: JSON, _ answer: CloudAnswer, of token: String) throws(ExchangeFailure) -> UnixTime? {
        let result = recipe.result
        var end: UnixTime?
        if let value = result.expiresIn?.value(in: root) {
            guard let seconds = OAuthAnswer.seconds(value) else {
                throw .broken("recipe", "\(result.expiresIn?.description ?? "") is no number of seconds")
            }
            end = answer.asked + .seconds(seconds)
        } else if let value = result.expiresAt?.value(in: root) {
            guard let moment = Self.moment(value) else {
                throw .broken("recipe", "\(result.expiresAt?.description ?? "") is no time")
            }
            end = moment
        } else {
            end = result.lifetime.map { answer.asked + $0 } ?? CloudJSON.end(ofToken: token)
        }
        guard end.map({ $0 > answer.came }) ?? true else {
            throw .broken("recipe", "the credential had expired when it came")
        }
        return end
    }

    private static func moment(_ value: JSON) -> UnixTime? {
        if let seconds = value.asInteger {
            return (1...253_402_300_799).contains(seconds) ? UnixTime(seconds: seconds) : nil
        }
        return value.asString.flatMap { try? RFC3339.parse($0) }
    }

    private func revocation(of credential: String, at now: UnixTime) -> CredentialRevocation? {
        guard let request = recipe.revocation else { return nil }
        var values = values(at: now)
        values["credential"] = credential
        return CredentialRevocation(
            request.outgoing(to: setting.origin, values, numbers: numbers),
            statuses: request.statuses
        )
    }

    func refusal(in response: HTTPResponse) -> ExchangeFailure {
        guard let root = try? JSON.parse(response.body) else {
            return .foreign(response.status, insteadOf: recipe.name)
        }
        let code = Self.first(recipe.refusals.codes, in: root) ?? "http-\(response.status)"
        let message = Self.first(recipe.refusals.messages, in: root)
        let kind: ExchangeFailure.Kind =
            recipe.refusals.outages.contains(code)
            ? .outage : recipe.refusals.misconfigurations.contains(code) ? .misconfigured : .refused
        return ExchangeFailure(kind, code: code, message: message ?? "no reason given")
    }

    /// A no under a status that means yes, as some services say it.
    func hiddenRefusal(in response: HTTPResponse) -> ExchangeFailure? {
        guard let root = try? JSON.parse(response.body), let code = Self.first(recipe.refusals.codes, in: root) else {
            return nil
        }
        // Zero is how services that always answer with a code say that nothing is wrong.
        return code == "0" ? nil : refusal(in: response)
    }

    /// The first place that holds a text or a number.
    private static func first(_ places: [JSONPointer], in root: JSON) -> String? {
        for place in places {
            guard let value = place.value(in: root) else { continue }
            if let text = value.asString, !text.isEmpty { return text }
            if let number = value.asInteger { return "\(number)" }
        }
        return nil
    }
}
