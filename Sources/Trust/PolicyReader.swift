/// Reads policies of every kind that stands in a file of its own.
package enum PolicyReader {
    /// The longest text that is read.
    package static let maximumBytes = 1 << 20

    /// Reads a policy of a kind, or of that which its members say.
    ///
    /// - Throws: `TrustError`, also where no kind is known by it.
    package static func read(_ bytes: [UInt8], kind: PolicyKind? = nil) throws(TrustError) -> any TrustPolicy {
        let root = try PolicyNode(parsing: bytes)
        guard let kind = kind ?? detect(root) else {
            let kinds = PolicyKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw TrustError(nil, "what kind of policy it is cannot be told", fix: "give --kind: one of \(kinds)")
        }
        switch kind {
        case .aws: return try AWSTrustPolicy(root)
        case .google: return try GoogleProvider(root)
        case .azure: return try AzureCredentials(root)
        case .vault: return try VaultRole(root)
        case .kubernetes: return try KubernetesAuthentication(root)
        case .own:
            throw TrustError(
                nil,
                "Jobpass's rules stand in its configuration",
                fix: "give that file, and --target NAME"
            )
        }
    }

    /// The kind that a text is of, by the members that only one kind has.
    package static func detect(_ bytes: [UInt8]) throws(TrustError) -> PolicyKind? {
        detect(try PolicyNode(parsing: bytes))
    }

    private static func detect(_ root: PolicyNode) -> PolicyKind? {
        if root["Statement"] != nil || root["Role"] != nil || root["AssumeRolePolicyDocument"] != nil { return .aws }
        if root["kind"]?.text == "AuthenticationConfiguration" { return .kubernetes }
        if root["attributeMapping"] != nil || root["oidc"] != nil { return .google }
        if (root["data"] ?? root)["user_claim"] != nil { return .vault }
        if root["targets"] != nil || root["contexts"] != nil || root["principals"] != nil { return .own }
        let first = (root["value"] ?? root).elements.first
        let credential = first?["properties"] ?? first
        if credential?["subject"] != nil || credential?["claimsMatchingExpression"] != nil { return .azure }
        if root["jwt"] != nil { return .kubernetes }
        return nil
    }
}
