internal import HTTP

/// Whether a server can be reached at all, and why not.
extension Doctor {
    /// Looks a host up as the world does: a name without an address, or with one of a private network, is out of clouds'
    /// reach.
    func name(_ address: WebAddress, isPublicWanted: Bool) async -> Check {
        let host = address.host
        if address.isLoopback {
            guard isPublicWanted else { return .passed("name", host, seen: "this machine itself") }
            return .failed(
                "name",
                host,
                seen: "an address of this machine alone",
                wanted: "a name that the clouds can reach",
                fix:
                    "give the broker a public https name and write it as 'issuer', or publish the keys to a bucket whose "
                    + "URL is the issuer"
            )
        }
        switch await resolve(host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host) {
        case .failure(let failure):
            return .failed(
                "name",
                host,
                seen: "no address (\(failure.words))",
                wanted: "a name that everybody can look up",
                fix: "mend the name's DNS record, or the host in 'issuer'"
            )
        case .success(let addresses):
            let own = addresses.filter { !PublicAddress.isPublic($0) }
            guard !own.isEmpty else { return .passed("name", host, seen: addresses.joined(separator: ", ")) }
            let seen = "\(own.joined(separator: ", ")), which the internet does not route"
            let fix =
                "clouds fetch the keys from outside: let the name lead to a public address, or publish the keys to a "
                + "bucket; a relying party in your own network needs neither"
            return isPublicWanted
                ? .failed("name", host, seen: seen, wanted: "a public address", fix: fix)
                : .warning("name", host, seen: seen, wanted: "a public address, for clouds", fix: fix)
        }
    }

    /// What it means that no answer came.
    static func check(_ name: String, _ place: String, _ error: TransportError) -> Check {
        let (wanted, fix) = remedy(for: error)
        return .failed(name, place, seen: error.description, wanted: wanted, fix: fix)
    }

    private static func remedy(for error: TransportError) -> (wanted: String, fix: String) {
        let words = error.reason.lowercased()
        switch error.code {
        case .nameLookup: return ("an address", "mend the name's DNS record, or the host that is written here")
        case .connection:
            return (
                "a server that listens there",
                "nothing took the connection: see that the server runs, that the port is right, and that no firewall or "
                    + "security group blocks it"
            )
        case .timeout:
            return (
                "an answer within \(patience.components.seconds) s",
                "a firewall that drops packets looks like this: open the port to the internet; else the server is too slow, "
                    + "and AWS gives up after about 5 s"
            )
        case .certificate where words.contains("expired"):
            return (
                "a certificate that is valid today", "renew the certificate, and reload the server that presents it"
            )
        case .certificate where words.contains("subject name") || words.contains("hostname"):
            return ("a certificate for this host", "get a certificate whose subject alternative names have the host")
        case .certificate:
            return (
                "a chain that leads to a trusted authority",
                "serve the certificate together with its intermediates (a fullchain file), by an authority that the relying "
                    + "party trusts; for a private one give --ca or the target's 'ca'"
            )
        case .tls: return ("TLS 1.2 or 1.3", "see that the port speaks TLS, in a version of this century")
        case .badURL:
            return (
                "an https URL",
                "write https; http is for this machine alone, since keys fetched in the open prove nothing"
            )
        case .tooLarge: return ("at most 512 KiB", "see what answers there: it is no issuer's document")
        case .badResponse: return ("HTTP", "see what listens on that port: it does not speak HTTP")
        case .cancelled: return ("an answer", "try again")
        }
    }
}

/// Which addresses the internet routes.
enum PublicAddress {
    static func isPublic(_ text: String) -> Bool {
        let parts = text.split(separator: ".").compactMap { UInt8($0) }
        if parts.count == 4, !text.contains(":") { return isPublic(parts) }
        let lowered = text.lowercased()
        // ::1, link-local, unique local (RFC 4291 and 4193), and an IPv4 address in IPv6's clothes.
        if lowered.hasPrefix("::ffff:") { return isPublic(String(lowered.dropFirst(7))) }
        return lowered != "::1" && lowered != "::"
            && !["fe8", "fe9", "fea", "feb", "fc", "fd"].contains { lowered.hasPrefix($0) }
    }

    /// RFC 1918, 6598 (100.64/10), 3927 (169.254/16), and this machine.
    private static func isPublic(_ parts: [UInt8]) -> Bool {
        switch (parts[0], parts[1]) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168): false
        case (172, let second): !(16...31).contains(second)
        case (100, let second): !(64...127).contains(second)
        default: true
        }
    }
}
