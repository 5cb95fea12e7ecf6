internal import Exchange
internal import Time
internal import YAML

/// `targets` of OpenBao and Vault.
extension Section {
    func vault() -> VaultTarget? {
        let address = text(required: "address", example: "https://vault.example.com:8200")
        let role = text(required: "role", example: "deploy")
        let mount = text("mount")?.value ?? "jwt"
        let namespace = text("namespace")?.value
        let reads = nodes("reads").enumerated().compactMap { index, node in read(node, number: index) }
        let wrap = duration("wrap", .seconds(1)...(.seconds(86_400)))
        guard let address, let role else { return nil }
        return reported { () throws(TargetError) in
            try VaultTarget(
                address: address.value,
                role: role.value,
                mount: mount,
                namespace: namespace,
                reads: reads,
                wrap: wrap
            )
        }
    }

    /// One entry of `reads`: a path, the variables with the fields that they carry, and what is sent where it is made anew.
    private func read(_ node: YAMLNode, number: Int) -> VaultRead? {
        let keys = Keys(["path", "fields", "version", "with"])
        guard let section = Section(node, at: name("reads[\(number)]"), keys: keys, problems: problems) else {
            return nil
        }
        let path = section.text(required: "path", example: "secret/data/web")
        section.requireKey("fields", example: "{DB_PASSWORD: password}")
        let fields = section.named("fields").compactMap { entry in
            section.text(of: entry.value, under: "fields.\(entry.key)").map { (variable: entry.key, name: $0.value) }
        }
        let version = section.integer("version", 1...1_000_000_000)
        let parameters = section.has("with") ? section.parameters("with") : nil
        guard let path, !fields.isEmpty else { return nil }
        return section.reported { () throws(TargetError) in
            try VaultRead(path: path.value, fields: fields, version: version, parameters: parameters)
        }
    }
}
