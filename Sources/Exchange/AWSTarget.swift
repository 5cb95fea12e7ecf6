internal import HTTP
internal import Time

/// An IAM role that a web identity may assume at AWS STS, or at a service that answers as STS does.
package struct AWSTarget: Equatable, Sendable {
    /// How long a session lasts where `session` is left out: STS's own default.
    package static let defaultSession: Duration = .seconds(3_600)
    /// The longest session that begins with another session's keys.
    package static let longestChainedSession: Duration = .seconds(3_600)
    /// Sessions shorter than this are renewed by SDKs on every use: they ask from 15 minutes before the end.
    package static let shortSession: Duration = .seconds(20 * 60)
    /// How many roles may follow the first.
    package static let longestChain = 5

    /// The ARN of the role.
    package let role: String
    /// The region whose STS is asked, and which the job finds in `AWS_REGION`.
    package let region: String
    /// The STS to ask: the region's own, or `endpoint` (FIPS, a VPC endpoint, MinIO, Ceph, LocalStack, a sandbox).
    package let endpoint: Endpoint
    /// How long the session lasts: 15 min to 12 h, 1 h with `then`, and no longer than the role's own maximum, which only AWS
    /// knows.
    package let session: Duration
    /// A session policy in JSON that narrows the role (with `then` the last), at most 2,048 characters; optional.
    package let policy: String?
    /// Up to 10 ARNs of managed policies that narrow the role; with `then` the last.
    package let policyARNs: [String]
    /// Up to 50 session tags made of the run's claims.
    package let tags: [AWSSessionTag]
    /// The claim whose value is the session's source identity; optional.
    package let sourceIdentity: String?
    /// Whether the token is good for this role alone: by default it is.
    package let pinsRole: Bool
    /// Roles that are assumed one after the other behind the first.
    package let chain: [AWSChainedRole]
    /// Whether the session is to log in to the account's container registry as well.
    package let logsInToECR: Bool

    /// Makes the settings of one role; `endpoint` nil stands for the region's own.
    ///
    /// - Throws: `TargetError` of the key that cannot work, or of `region` where it is in another partition than the role.
    package init(
        role: String,
        region: String,
        endpoint: String? = nil,
        session: Duration = AWSTarget.defaultSession,
        policy: String? = nil,
        policyARNs: [String] = [],
        tags: [AWSSessionTag] = [],
        sourceIdentity: String? = nil,
        pinsRole: Bool = true,
        chain: [AWSChainedRole] = [],
        logsInToECR: Bool = false
    ) throws(TargetError) {
        let asked: Endpoint
        if let endpoint {
            asked = try Endpoint(endpoint, key: "endpoint")
        } else {
            asked = Endpoint(built: "https://sts.\(region).\(AWSPartition(region: region).domain)")
        }
        let check = AWSCheck(isAWS: Self.isOfAWS(asked, region))
        let partition = try check.partition(ofRole: role, key: "role")
        try check.region(region, in: partition)
        try check.session(session, isChained: !chain.isEmpty)
        try check.policy(policy)
        try check.policies(policyARNs, partition)
        try check.tags(tags)
        try check.chain(chain, partition)
        self.role = role
        self.region = region
        self.endpoint = asked
        self.session = session
        self.policy = policy
        self.policyARNs = policyARNs
        self.tags = tags
        self.sourceIdentity = sourceIdentity
        self.pinsRole = pinsRole
        self.chain = chain
        self.logsInToECR = logsInToECR
    }

    /// Where ECR is asked for a login: the region's own, or a service outside of AWS that answers for all of it.
    var registryEndpoint: Endpoint {
        let domain = AWSPartition(region: region).domain
        return asksAWS ? Endpoint(built: "https://api.ecr.\(region).\(domain)") : endpoint
    }

    /// The region that a request to STS is signed for: the global endpoint is in us-east-1.
    var signingRegion: String { endpoint.url == "https://sts.amazonaws.com" ? "us-east-1" : region }

    /// Whether AWS itself is asked, be it at another endpoint than the region's usual one.
    package var asksAWS: Bool { Self.isOfAWS(endpoint, region) }

    private static func isOfAWS(_ endpoint: Endpoint, _ region: String) -> Bool {
        let host = WebAddress(endpoint.url)?.host ?? ""
        return host.hasSuffix(".\(AWSPartition(region: region).domain)")
    }

    /// What the target adds to its ID tokens; nil where that is nothing.
    var claims: AWSClaims? {
        guard pinsRole || !tags.isEmpty || sourceIdentity != nil else { return nil }
        return AWSClaims(roles: pinsRole ? [role] : [], tags: tags, sourceIdentity: sourceIdentity)
    }
}

/// A role that a session of another role assumes.
package struct AWSChainedRole: Equatable, Sendable {
    /// The ARN of the role.
    package let role: String
    /// What the role's owner wants to be told, 2 to 1,224 characters; optional.
    package let externalID: String?

    /// Makes a role of a chain.
    package init(role: String, externalID: String? = nil) {
        self.role = role
        self.externalID = externalID
    }
}
