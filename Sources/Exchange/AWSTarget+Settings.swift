internal import JSON
internal import Time

extension AWSTarget {
    /// The settings by the keys of the configuration, without what the broker alone puts into the token.
    var settings: JSONObject {
        var settings: JSONObject = [
            "role": .string(role), "region": .string(region), "endpoint": .string(endpoint.url),
            "session": .string(session.text), "ecr": .bool(logsInToECR),
        ]
        settings["policy"] = policy.map { .string($0) }
        if !policyARNs.isEmpty { settings["policy_arns"] = .array(policyARNs.map { .string($0) }) }
        if !chain.isEmpty { settings["then"] = .array(chain.map { .object($0.settings) }) }
        return settings
    }

    /// Reads what a job needs for the trade.
    init(_ settings: SettingReader) throws(TargetError) {
        try self.init(
            role: try settings.text("role"),
            region: try settings.text("region"),
            endpoint: try settings.text("endpoint"),
            session: try settings.duration("session") ?? Self.defaultSession,
            policy: try settings.text(ifThere: "policy"),
            policyARNs: try settings.texts("policy_arns"),
            chain: try settings.objects("then").map { link throws(TargetError) in
                AWSChainedRole(role: try link.text("role"), externalID: try link.text(ifThere: "external_id"))
            },
            logsInToECR: try settings.flag("ecr")
        )
    }
}

extension AWSChainedRole {
    fileprivate var settings: JSONObject {
        var settings: JSONObject = ["role": .string(role)]
        settings["external_id"] = externalID.map { .string($0) }
        return settings
    }
}
