internal import JSON
internal import Time

/// An IAM role that a web identity may assume at AWS STS.
package struct AWSTarget: Equatable, Sendable {
    /// How long a session lasts where `session` is left out: STS's own default.
    package static let defaultSession: Duration = .seconds(3_600)

    /// The ARN of the role.
    package let role: String
    /// The region whose STS is asked, and which the job finds in `AWS_REGION`.
    package let region: String
    /// The STS to ask: the region's own, or `endpoint` (FIPS, a VPC endpoint, a sandbox).
    package let endpoint: Endpoint
    /// How long the session lasts: 15 min to 12 h, and no longer than the role's own maximum, which only AWS knows.
    package let session: Duration
    /// A session policy in JSON that narrows the role, at most 2,048 characters; optional.
    package let policy: String?
    /// Up to 10 ARNs of managed policies that narrow the role.
    package let policyARNs: [String]

    /// Makes the settings of one role; `endpoint` nil stands for the region's own.
    ///
    /// - Throws: `TargetError` of the key that cannot work, or of `region` where it is in another partition than the role.
    package init(
        role: String,
        region: String,
        endpoint: String? = nil,
        session: Duration = AWSTarget.defaultSession,
        policy: String? = nil,
        policyARNs: [String] = []
    ) throws(TargetError) {
        guard let partition = Self.partition(ofRole: role) else {
            throw TargetError("role", seen: role, wanted: "an ARN such as arn:aws:iam::123456789012:role/deploy")
        }
        guard Self.isRegion(region) else {
            throw TargetError("region", seen: region, wanted: "a region such as eu-west-1")
        }
        let regional = AWSPartition(region: region)
        guard partition == regional.rawValue else {
            throw TargetError("region", seen: region, wanted: "a region of the role's partition, which is \(partition)")
        }
        guard session >= .seconds(900), session <= .seconds(43_200) else {
            throw TargetError("session", seen: session.text, wanted: "15m to 12h")
        }
        // AWS counts characters, and takes none outside these (the pattern of its API model).
        guard policy.map(Self.isPolicy) ?? true else {
            throw TargetError(
                "policy",
                seen: "\(policy?.unicodeScalars.count ?? 0) characters",
                wanted: "a JSON object of at most 2048 characters"
            )
        }
        guard policyARNs.count <= 10 else {
            throw TargetError("policy_arns", seen: "\(policyARNs.count) of them", wanted: "at most 10")
        }
        for arn in policyARNs
        where !arn.hasPrefix("arn:\(partition):iam::") || !SettingCheck.isVisible(arn, limit: 2_048) {
            throw TargetError(
                "policy_arns",
                seen: arn,
                wanted: "an ARN such as arn:\(partition):iam::aws:policy/ReadOnlyAccess"
            )
        }
        self.role = role
        self.region = region
        if let endpoint {
            self.endpoint = try Endpoint(endpoint, key: "endpoint")
        } else {
            self.endpoint = Endpoint(built: "https://sts.\(region).\(regional.domain)")
        }
        self.session = session
        self.policy = policy
        self.policyARNs = policyARNs
    }

    /// The partition of an IAM role's ARN; nil where the text is none.
    private static func partition(ofRole arn: String) -> String? {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        guard SettingCheck.isVisible(arn, limit: 2_048), parts.count == 6, parts[0] == "arn", parts[2] == "iam",
            parts[3].isEmpty, parts[4].utf8.count == 12, parts[4].utf8.allSatisfy({ (48...57).contains($0) }),
            parts[5].hasPrefix("role/"), parts[5].utf8.count > 5, !parts[5].hasSuffix("/")
        else { return nil }
        return String(parts[1])
    }

    private static func isRegion(_ region: String) -> Bool {
        let parts = region.split(separator: "-", omittingEmptySubsequences: false)
        guard (3...4).contains(parts.count), let number = parts.last, region.utf8.count <= 32 else { return false }
        return (1...2).contains(number.utf8.count) && number.utf8.allSatisfy { (48...57).contains($0) }
            && parts.dropLast().allSatisfy { part in !part.isEmpty && part.utf8.allSatisfy { (97...122).contains($0) } }
    }

    private static func isPolicy(_ policy: String) -> Bool {
        // A policy that AWS would call malformed is better found before a job waits for it.
        guard (try? JSON.parse(Array(policy.utf8)))?.asObject != nil else { return false }
        return policy.unicodeScalars.count <= 2_048
            && policy.unicodeScalars.allSatisfy { scalar in
                ["\t", "\n", "\r"].contains(scalar) || ("\u{20}"..."\u{FF}").contains(scalar)
            }
    }
}

extension AWSTarget {
    /// The settings by the keys of the configuration.
    var settings: JSONObject {
        var settings: JSONObject = [
            "role": .string(role), "region": .string(region), "endpoint": .string(endpoint.url),
            "session": .string(session.text),
        ]
        settings["policy"] = policy.map { .string($0) }
        if !policyARNs.isEmpty { settings["policy_arns"] = .array(policyARNs.map { .string($0) }) }
        return settings
    }

    init(_ settings: SettingReader) throws(TargetError) {
        try self.init(
            role: try settings.text("role"),
            region: try settings.text("region"),
            endpoint: try settings.text("endpoint"),
            session: try settings.duration("session") ?? Self.defaultSession,
            policy: try settings.text(ifThere: "policy"),
            policyARNs: try settings.texts("policy_arns")
        )
    }
}
