package import Encoding

/// A secret that is read with the login's token, and which of its fields the job gets under which names.
package struct VaultRead: Equatable, Sendable {
    /// One field of the secret.
    package struct Field: Equatable, Sendable {
        /// The variable that carries it.
        package let variable: EnvironmentName
        /// Its name in the secret.
        package let name: String
    }

    /// The API's path without `/v1/`: `secret/data/web` of KV version 2, `database/creds/web`, `pki/issue/web`.
    package let path: String
    package let fields: [Field]
    /// The version of a KV version 2 secret; the newest where it is left out.
    package let version: Int?
    /// What is sent with a POST, where reading means making (`pki/issue`); nil asks with a GET.
    package let parameters: [TokenExchangeTarget.Parameter]?

    /// Makes one read of fields by the variables that carry them.
    ///
    /// - Throws: `TargetError` naming `path`, `fields` or `version`.
    package init(
        path: String,
        fields: [(variable: String, name: String)],
        version: Int? = nil,
        parameters: [TokenExchangeTarget.Parameter]? = nil
    ) throws(TargetError) {
        self.path = try VaultTarget.path(
            path,
            key: "path",
            wanted: "a path such as secret/data/web, without /v1 before it"
        )
        guard !self.path.hasPrefix("v1/"), !Self.forbidden.contains(where: (self.path + "/").hasPrefix) else {
            throw TargetError("path", seen: path, wanted: "the path of a secrets engine, such as secret/data/web")
        }
        guard (1...64).contains(fields.count) else {
            throw TargetError("fields", seen: "\(fields.count) fields", wanted: "1 to 64 of them")
        }
        self.fields = try fields.map { field throws(TargetError) in
            guard let variable = EnvironmentName(field.variable) else {
                throw TargetError("fields", seen: field.variable, wanted: "a variable's name: letters, digits and '_'")
            }
            guard (1...256).contains(field.name.utf8.count) else {
                throw TargetError("fields", seen: field.name, wanted: "the name of a field of the secret")
            }
            return Field(variable: variable, name: field.name)
        }
        if let version, version < 1 || parameters != nil {
            throw TargetError(
                "version",
                seen: "\(version)",
                wanted: "a version from 1, of a secret that is not made anew"
            )
        }
        self.version = version
        self.parameters = parameters
    }

    /// What manages Vault itself is nothing that a job reads from.
    private static let forbidden = ["sys/", "auth/", "identity/", "cubbyhole/"]
}
