internal import Encoding
internal import JSON
internal import Time

/// A role behind the JWT auth method of OpenBao or HashiCorp Vault.
package struct VaultTarget: Equatable, Sendable {
    /// Where the server listens, without `/v1`, such as `https://vault.example.com:8200`.
    package let address: Endpoint
    /// The role of the auth method to log in to.
    package let role: String
    /// Where the auth method is mounted below `auth/`; by default `jwt`.
    package let mount: String
    /// The namespace of the auth method, such as `ci/web`; optional.
    package let namespace: String?
    /// Secrets that are read with the login's token, for variables of their own; optional.
    package let reads: [VaultRead]
    /// How long a wrapping of the login keeps, which the job opens once by itself; nil delivers the login's token.
    package let wrap: Duration?

    /// Makes the settings of one role.
    ///
    /// - Throws: `TargetError` of the key that cannot work.
    package init(
        address: String,
        role: String,
        mount: String = "jwt",
        namespace: String? = nil,
        reads: [VaultRead] = [],
        wrap: Duration? = nil
    ) throws(TargetError) {
        self.address = try Endpoint(address, key: "address")
        // Vault answers at /v1 below its address; written here too it would be asked at /v1/v1.
        guard !self.address.url.hasSuffix("/v1") else {
            throw TargetError("address", seen: address, wanted: "the server's address without /v1")
        }
        guard SettingCheck.isVisible(role, limit: 256), !role.utf8.contains(UInt8(ascii: "/")) else {
            throw TargetError("role", seen: role, wanted: "the name of a role of the auth method, without a path")
        }
        self.role = role
        self.mount = try Self.path(mount, key: "mount", wanted: "a mount path such as jwt, without auth/ before it")
        guard !self.mount.hasPrefix("auth/") else {
            throw TargetError("mount", seen: mount, wanted: "'\(self.mount.dropFirst(5))': auth/ is put before it")
        }
        self.namespace = try namespace.map { text throws(TargetError) in
            try Self.path(text, key: "namespace", wanted: "a namespace path such as ci/web")
        }
        try Self.check(reads)
        self.reads = reads
        if let wrap {
            guard reads.isEmpty else {
                throw TargetError(
                    "wrap",
                    seen: wrap.text,
                    wanted: "no reads beside it: only the job can open the login"
                )
            }
            guard wrap >= .seconds(1), wrap <= .seconds(86_400) else {
                throw TargetError("wrap", seen: wrap.text, wanted: "1s to 1d")
            }
        }
        self.wrap = wrap
    }

    /// The variables that a login sets itself.
    private static let ownVariables = ["VAULT_TOKEN", "VAULT_ADDR", "VAULT_NAMESPACE", "VAULT_WRAPPING_TOKEN"]

    private static func check(_ reads: [VaultRead]) throws(TargetError) {
        guard reads.count <= 16 else {
            throw TargetError("reads", seen: "\(reads.count) of them", wanted: "at most 16")
        }
        var seen = Set(ownVariables)
        for variable in reads.flatMap(\.fields).map(\.variable.text) where !seen.insert(variable).inserted {
            throw TargetError(
                "reads",
                seen: variable,
                wanted: "each variable once, and none that the login sets itself"
            )
        }
    }

    /// A path of plain segments, without the slash at its end that Vault itself writes there.
    static func path(_ text: String, key: String, wanted: String) throws(TargetError) -> String {
        let path = text.hasSuffix("/") ? text.dropLast() : text[...]
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = segments.allSatisfy { segment in
            !segment.isEmpty && segment != "." && segment != ".."
                && segment.utf8.allSatisfy { SettingCheck.isLetterOrDigit($0) || "-._".utf8.contains($0) }
        }
        guard isPlain, path.utf8.count <= 256 else { throw TargetError(key, seen: text, wanted: wanted) }
        return String(path)
    }
}

extension VaultTarget {
    /// The settings by the keys of the configuration.
    var settings: JSONObject {
        var settings: JSONObject = [
            "address": .string(address.url), "role": .string(role), "mount": .string(mount),
        ]
        settings["namespace"] = namespace.map { .string($0) }
        if !reads.isEmpty { settings["reads"] = .array(reads.map(\.settings)) }
        settings["wrap"] = wrap.map { .string($0.text) }
        return settings
    }

    init(_ settings: SettingReader) throws(TargetError) {
        try self.init(
            address: try settings.text("address"),
            role: try settings.text("role"),
            mount: try settings.text("mount"),
            namespace: try settings.text(ifThere: "namespace"),
            reads: try settings.reads(),
            wrap: try settings.duration("wrap")
        )
    }
}
