extension Target {
    /// The same role at Vault, asked for some fields of one secret instead of what the target itself reads.
    ///
    /// - Throws: `TargetError` where it is no Vault that the broker trades at, or path and fields cannot work.
    package func reading(
        _ path: String,
        _ fields: [(variable: String, name: String)]
    ) throws(TargetError) -> Target {
        guard case .vault(let vault) = service, trader == .broker else {
            throw TargetError("target", seen: name, wanted: "a target of type vault whose exchange is the broker's")
        }
        let reads = [try VaultRead(path: path, fields: fields)]
        return try Target(
            name: name,
            service: .vault(
                VaultTarget(
                    address: vault.address.url,
                    role: vault.role,
                    mount: vault.mount,
                    namespace: vault.namespace,
                    reads: reads,
                    wrap: vault.wrap
                )
            ),
            certificateAuthorities: certificateAuthorities,
            limits: limits,
            trader: trader
        )
    }
}
