internal import JSON
internal import Time

/// What AWS takes, as far as it can be known before it is asked.
///
/// A service that answers as STS does (MinIO, Ceph) has ARNs without an account and regions of its own.
struct AWSCheck {
    /// Whether AWS itself is asked.
    let isAWS: Bool

    /// The partition of a role's ARN.
    func partition(ofRole arn: String, key: String) throws(TargetError) -> String {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        guard SettingCheck.isVisible(arn, limit: 2_048), arn.utf8.count >= 20, parts.count == 6, parts[0] == "arn",
            parts[2] == "iam", parts[3].isEmpty, isAccount(parts[4]), parts[5].hasPrefix("role/"),
            parts[5].utf8.count > 5, !parts[5].hasSuffix("/"), !parts[1].isEmpty
        else {
            throw TargetError(key, seen: arn, wanted: "an ARN such as arn:aws:iam::123456789012:role/deploy")
        }
        return String(parts[1])
    }

    private func isAccount(_ account: Substring) -> Bool {
        if account.utf8.count == 12, account.utf8.allSatisfy({ (48...57).contains($0) }) { return true }
        return !isAWS && account.utf8.allSatisfy { SettingCheck.isLetterOrDigit($0) || "-_.$".utf8.contains($0) }
    }

    func region(_ region: String, in partition: String) throws(TargetError) {
        guard isRegion(region) else { throw TargetError("region", seen: region, wanted: "a region such as eu-west-1") }
        guard isAWS else { return }
        guard partition == AWSPartition(region: region).rawValue else {
            throw TargetError("region", seen: region, wanted: "a region of the role's partition, which is \(partition)")
        }
    }

    private func isRegion(_ region: String) -> Bool {
        let parts = region.split(separator: "-", omittingEmptySubsequences: false)
        guard isAWS else {
            return region.utf8.count <= 64
                && parts.allSatisfy { part in !part.isEmpty && part.utf8.allSatisfy(SettingCheck.isLetterOrDigit) }
        }
        guard (3...4).contains(parts.count), let number = parts.last, region.utf8.count <= 32 else { return false }
        return (1...2).contains(number.utf8.count) && number.utf8.allSatisfy { (48...57).contains($0) }
            && parts.dropLast().allSatisfy { part in !part.isEmpty && part.utf8.allSatisfy { (97...122).contains($0) } }
    }

    func session(_ session: Duration, isChained: Bool) throws(TargetError) {
        guard session >= .seconds(900), session <= .seconds(43_200) else {
            throw TargetError("session", seen: session.text, wanted: "15m to 12h")
        }
        guard !isChained || session <= AWSTarget.longestChainedSession else {
            throw TargetError("session", seen: session.text, wanted: "at most 1h: no chained role gets more")
        }
    }

    func policy(_ policy: String?) throws(TargetError) {
        // AWS counts characters, and takes none outside these (the pattern of its API model); a policy that it would call
        // malformed is better found before a job waits for it.
        guard let policy else { return }
        let isPolicy =
            (try? JSON.parse(Array(policy.utf8)))?.asObject != nil && policy.unicodeScalars.count <= 2_048
            && policy.unicodeScalars.allSatisfy { scalar in
                ["\t", "\n", "\r"].contains(scalar) || ("\u{20}"..."\u{FF}").contains(scalar)
            }
        guard isPolicy else {
            throw TargetError(
                "policy",
                seen: "\(policy.unicodeScalars.count) characters",
                wanted: "a JSON object of at most 2048 characters"
            )
        }
    }

    func policies(_ arns: [String], _ partition: String) throws(TargetError) {
        guard arns.count <= 10 else {
            throw TargetError("policy_arns", seen: "\(arns.count) of them", wanted: "at most 10")
        }
        for arn in arns where !arn.hasPrefix("arn:\(partition):iam::") || !SettingCheck.isVisible(arn, limit: 2_048) {
            throw TargetError(
                "policy_arns",
                seen: arn,
                wanted: "an ARN such as arn:\(partition):iam::aws:policy/ReadOnlyAccess"
            )
        }
    }

    func tags(_ tags: [AWSSessionTag]) throws(TargetError) {
        guard tags.count <= 50 else { throw TargetError("tags", seen: "\(tags.count) of them", wanted: "at most 50") }
        var keys: Set<String> = []
        for tag in tags {
            let isKey = (1...128).contains(tag.key.unicodeScalars.count) && AWSSessionTag.isTaggable(tag.key)
            guard isKey, !tag.key.lowercased().hasPrefix("aws:") else {
                throw TargetError(
                    "tags",
                    seen: tag.key,
                    wanted: "a key of at most 128 letters, numbers, spaces and _.:/=+-@, not beginning with aws:"
                )
            }
            guard keys.insert(tag.key.lowercased()).inserted else {
                throw TargetError(
                    "tags",
                    seen: tag.key,
                    wanted: "each key once: AWS takes upper and lower case for the same"
                )
            }
        }
    }

    func chain(_ chain: [AWSChainedRole], _ partition: String) throws(TargetError) {
        guard chain.count <= AWSTarget.longestChain else {
            throw TargetError("then", seen: "\(chain.count) roles", wanted: "at most \(AWSTarget.longestChain)")
        }
        for link in chain {
            guard try self.partition(ofRole: link.role, key: "then") == partition else {
                throw TargetError(
                    "then",
                    seen: link.role,
                    wanted: "a role of the same partition, which is \(partition)"
                )
            }
            guard let id = link.externalID else { continue }
            let isTaken =
                (2...1_224).contains(id.utf8.count)
                && id.utf8.allSatisfy { SettingCheck.isLetterOrDigit($0) || "_+=,.@:/-".utf8.contains($0) }
            guard isTaken else {
                throw TargetError("then", seen: id, wanted: "an external_id of 2 to 1224 letters, digits and _+=,.@:/-")
            }
        }
    }
}
