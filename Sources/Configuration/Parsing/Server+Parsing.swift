internal import HTTP
internal import Postgres

/// The keys of the server itself: `issuer`, `listen`, `tls`, `store`.
extension Section {
    func issuer() -> IssuerSetting? {
        guard let text = text(required: "issuer", example: "https://ci.example.com") else { return nil }
        do {
            return try IssuerSetting(parsing: text.value)
        } catch {
            refuse("issuer", error.reason, fix: error.fix)
            return nil
        }
    }

    func listen() -> ListenAddress? {
        guard has("listen") else { return .standard }
        guard let text = text("listen") else { return nil }
        guard let address = ListenAddress(parsing: text.value) else {
            refuse(
                "listen",
                "'\(text.value)' is no address and port",
                fix: "write a numeric address, such as 127.0.0.1:8080, 0.0.0.0:8443 or \"[::1]:8080\""
            )
            return nil
        }
        return address
    }

    func tls(issuer: IssuerSetting?, files: inout FileSettings) -> TLSSettings? {
        guard let section = section("tls", Keys(["certificate", "private_key", "client_ca", "hsts"])) else {
            return nil
        }
        if let issuer, issuer.url.hasPrefix("http://") {
            refuse(
                "tls",
                "the issuer is an http URL, so nobody would ask this server by TLS",
                fix: "write the issuer with https, or remove tls"
            )
        }
        let certificate = section.text(required: "certificate", example: "/etc/jobpass/tls.crt")
        let key = section.text(required: "private_key", example: "/etc/jobpass/tls.key")
        let clientCA = section.text("client_ca").map { authority in
            files.add(.readable, path(authority.value), place: place(of: authority))
        }
        let isStrict = section.has("hsts") ? section.text("hsts").map { $0.value != "none" } ?? false : true
        let strict = isStrict ? section.duration("hsts", .seconds(60)...(.seconds(730 * 86_400))) : .zero
        guard let certificate, let key else { return nil }
        return TLSSettings(
            certificate: files.add(.readable, path(certificate.value), place: place(of: certificate)),
            privateKey: files.add(.secret, path(key.value), place: place(of: key)),
            clientCA: clientCA,
            strictTransport: strict ?? .seconds(365 * 86_400)
        )
    }

    /// Who stands in front of the broker, and is believed about who is behind.
    func proxies() -> TrustedProxies? {
        guard let section = section("proxies", Keys(["addresses", "header"])) else { return nil }
        section.requireKey("addresses", example: "[10.0.0.0/8]")
        section.requireKey("header", example: "forwarded")
        guard let addresses = section.ranges("addresses"),
            let word = section.choice("header", of: TrustedProxies.Word.self)
        else { return nil }
        if addresses.isEmpty {
            section.refuse("addresses", "the list is empty", fix: "list the addresses of your proxies")
        }
        return TrustedProxies(addresses: addresses, word: word)
    }

    func store(files: inout FileSettings) -> StoreLocation? {
        let example = "sqlite:/var/lib/jobpass/jobpass.db"
        guard let text = text(required: "store", example: example) else { return nil }
        if text.value.hasPrefix("postgresql:") || text.value.hasPrefix("postgres:") {
            return database(text, files: &files)
        }
        guard text.value.hasPrefix("sqlite:"), text.value.utf8.count > 7 else {
            refuse("store", "the store is none that is known", fix: "write \(example)")
            return nil
        }
        let file = String(text.value.dropFirst(7))
        guard !file.hasPrefix(":"), !file.hasPrefix("//") else {
            refuse(
                "store",
                file.hasPrefix(":") ? "a store in memory would forget the ledger" : "'\(text.value)' is no path",
                fix: "write \(example)"
            )
            return nil
        }
        return .sqlite(path: files.add(.database, path(file), place: place(of: text)))
    }

    /// A database that several brokers may share; what is given may hold a password, so it is never quoted.
    private func database(_ text: Located<String>, files: inout FileSettings) -> StoreLocation? {
        var address: PostgresAddress
        do throws(PostgresError) {
            address = try PostgresAddress(text.value)
        } catch {
            refuse(
                "store",
                error.message,
                fix:
                    "write postgresql://jobpass@db.example.com/jobpass?sslmode=verify-full&passfile=/etc/jobpass/pgpass"
            )
            return nil
        }
        // A job's directory is not the broker's: the paths hold wherever a command is called.
        for keyword in ["passfile", "sslkey"] {
            guard let file = address.parameters[keyword] else { continue }
            address = address.with(keyword, files.add(.secret, path(file), place: place(of: text)))
        }
        for keyword in ["sslrootcert", "sslcert", "sslcrl"] {
            guard let file = address.parameters[keyword], file != "system" else { continue }
            address = address.with(keyword, files.add(.readable, path(file), place: place(of: text)))
        }
        if let exposure = address.exposure {
            problems.warning(
                at: text.mark,
                "store",
                exposure,
                fix: "add sslmode=verify-full and, unless the system trusts its authority, sslrootcert=FILE"
            )
        }
        return .postgresql(address)
    }
}
