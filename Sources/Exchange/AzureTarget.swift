/// An application or user-assigned identity of Microsoft Entra ID that trusts our tokens as its client assertions.
package struct AzureTarget: Equatable, Sendable {
    /// Where the public cloud's tenants are asked.
    package static let defaultAuthority = "https://login.microsoftonline.com"

    /// The tenant's id, or one of its domains.
    package let tenant: String
    /// The id of the application or identity.
    package let clientID: String
    /// The one resource that the token is for, with `/.default` at its end.
    package let scope: String
    /// Where tenants are asked: the public cloud, `https://login.microsoftonline.us` or `https://login.partner.microsoftonline.cn`.
    package let authority: Endpoint

    /// Makes the settings of one identity.
    ///
    /// - Throws: `TargetError` of the key that cannot work.
    package init(
        tenant: String,
        clientID: String,
        scope: String,
        authority: String = AzureTarget.defaultAuthority
    ) throws(TargetError) {
        guard Self.isTenant(tenant) else {
            throw TargetError(
                "tenant",
                seen: tenant,
                wanted: "the tenant's id or domain, such as contoso.onmicrosoft.com"
            )
        }
        // These stand for any tenant, and an application of its own has none of them for its home.
        guard !["common", "organizations", "consumers"].contains(tenant.lowercased()) else {
            throw TargetError("tenant", seen: tenant, wanted: "the one tenant that the identity belongs to")
        }
        guard Self.isUUID(clientID) else {
            throw TargetError(
                "client_id",
                seen: clientID,
                wanted: "the application's (client) id, such as 11111111-2222-3333-4444-555555555555"
            )
        }
        guard SettingCheck.isVisible(scope, limit: 1_024), scope.hasSuffix("/.default"), scope.utf8.count > 9 else {
            throw TargetError(
                "scope",
                seen: scope,
                wanted: "one resource with /.default behind it, such as https://management.azure.com/.default"
            )
        }
        self.tenant = tenant
        self.clientID = clientID
        self.scope = scope
        self.authority = try Endpoint(authority, key: "authority")
        if let (cloud, wanted) = Self.contradiction(self.authority.url, scope) {
            throw TargetError("scope", seen: scope, wanted: "\(wanted): the authority is that of \(cloud)")
        }
    }

    /// The resource managers of the clouds, each beside the authorities that give tokens for it.
    private static let clouds: [(name: String, authorities: [String], manager: String)] = [
        ("the public cloud", [defaultAuthority], "https://management.azure.com/.default"),
        (
            "the US Government", ["https://login.microsoftonline.us"], "https://management.usgovcloudapi.net/.default"
        ),
        (
            "China", ["https://login.chinacloudapi.cn", "https://login.partner.microsoftonline.cn"],
            "https://management.chinacloudapi.cn/.default"
        ),
    ]

    /// A resource manager of one cloud asked for at the authority of another, where every job would be refused.
    private static func contradiction(_ authority: String, _ scope: String) -> (cloud: String, wanted: String)? {
        guard let cloud = clouds.first(where: { $0.authorities.contains(authority) }), scope != cloud.manager,
            clouds.contains(where: { $0.manager == scope })
        else { return nil }
        return (cloud.name, cloud.manager)
    }

    private static func isTenant(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: ".")
            && text.utf8.allSatisfy { SettingCheck.isLetterOrDigit($0) || "-.".utf8.contains($0) }
    }

    private static func isUUID(_ text: String) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.utf8.count) == [8, 4, 4, 4, 12]
            && groups.allSatisfy { $0.utf8.allSatisfy { byte in "0123456789abcdefABCDEF".utf8.contains(byte) } }
    }
}
