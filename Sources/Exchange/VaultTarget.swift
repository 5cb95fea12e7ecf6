internal import JSON

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

    /// Makes the settings of one role.
    ///
    /// - Throws: `TargetError` of the key that cannot work.
    package init(address: String, role: String, mount: String = "jwt", namespace: String? = nil) throws(TargetError) {
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
    }

    /// A path of plain segments, without the slash at its end that Vault itself writes there.
    private static func path(_ text: String, key: String, wanted: String) throws(TargetError) -> String {
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
        return settings
    }

    init(_ settings: SettingReader) throws(TargetError) {
        try self.init(
            address: try settings.text("address"),
            role: try settings.text("role"),
            mount: try settings.text("mount"),
            namespace: try settings.text(ifThere: "namespace")
        )
    }
}
