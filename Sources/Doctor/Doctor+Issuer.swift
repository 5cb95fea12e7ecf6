internal import HTTP
internal import JSON
internal import Tokens

/// The issuer, as clouds see it.
extension Doctor {
    /// Walks from the issuer's name to its keys; what cannot be reached is skipped, with the reason.
    package func examine(_ issuer: ExpectedIssuer) async -> [Check] {
        var checks: [Check] = []
        guard let address = WebAddress(issuer.url.text) else { return checks }
        checks.append(scheme(address, issuer))
        checks.append(await name(address, isPublicWanted: issuer.isPublicWanted))
        let place = issuer.url.discovery
        let fetched: Fetched
        do throws(TransportError) {
            fetched = try await fetch(place)
        } catch {
            let isOfTLS = error.code == .certificate || error.code == .tls
            checks.append(Self.check(isOfTLS ? "tls" : "issuer.reachable", place, error))
            for step in ["discovery", "keys", "cache"] {
                checks.append(.skipped(step, place, because: "the issuer could not be reached"))
            }
            return checks
        }
        if address.isSecure {
            checks.append(.passed("tls", place, seen: "a chain that is trusted, for this host"))
        }
        guard fetched.response.status == 200 else {
            checks.append(status(fetched, place))
            return checks
        }
        checks.append(speed(fetched, place))
        checks.append(clock(against: fetched, at: place))
        let (findings, keys) = discovery(fetched.response.body, issuer, place)
        checks += findings
        guard let keys else {
            return checks + [.skipped("keys", place, because: "the discovery document names no jwks_uri")]
        }
        return checks + (await examine(keys: keys, of: issuer))
    }

    /// Clouds take https alone; http, even on this machine, is for trying things out.
    private func scheme(_ address: WebAddress, _ issuer: ExpectedIssuer) -> Check {
        if address.isSecure {
            guard issuer.isPublicWanted, address.port != nil else {
                return .passed("issuer.url", issuer.url.text, seen: "https")
            }
            return .warning(
                "issuer.url",
                issuer.url.text,
                seen: "an https URL with a port",
                wanted: "no port: AWS takes no issuer with one",
                fix: "serve the issuer on port 443, and write 'issuer' without a port"
            )
        }
        guard issuer.isPublicWanted else {
            return .passed("issuer.url", issuer.url.text, seen: "http on this machine, for trying things out")
        }
        return .failed(
            "issuer.url",
            issuer.url.text,
            seen: "http",
            wanted: "https, which is all that clouds take",
            fix:
                "put TLS before the broker (tls:, or a proxy), and write 'issuer' with https://; the clouds' side must "
                + "then name that URL"
        )
    }

    private func status(_ fetched: Fetched, _ place: String) -> Check {
        let status = fetched.response.status
        let moved = fetched.response.fields["Location"].map { " to \($0.prefix(200))" } ?? ""
        return .failed(
            "issuer.reachable",
            place,
            seen: "status \(status)\((300..<400).contains(status) ? moved : "")",
            wanted: "200",
            fix: (300..<400).contains(status)
                ? "relying parties follow no redirect: serve the document at the very URL of 'issuer'"
                : "let the proxy or bucket hand /.well-known/ and /untrusted/ on without a login, to the broker or its copy"
        )
    }

    private func speed(_ fetched: Fetched, _ place: String) -> Check {
        let took = fetched.took
        guard took > .seconds(2) else {
            return .passed("issuer.reachable", place, seen: "an answer in \(took.text(in: 1))")
        }
        return .warning(
            "issuer.reachable",
            place,
            seen: "an answer after \(took.text(in: 1))",
            wanted: "less than 2 s",
            fix: "AWS gives up after about 5 s and reports InvalidIdentityToken: put a cache before the issuer"
        )
    }

    /// What Discovery, section 3, and the clouds want of the document; the URL of the keys where it names one.
    private func discovery(_ body: [UInt8], _ issuer: ExpectedIssuer, _ place: String) -> ([Check], keys: String?) {
        guard let document = (try? JSON.parse(body))?.asObject else {
            let seen = "\(body.count) bytes that are no JSON object"
            return (
                [
                    .failed(
                        "discovery",
                        place,
                        seen: seen,
                        wanted: "a discovery document",
                        fix: "see what answers there: a login page, or a proxy's own"
                    )
                ], nil
            )
        }
        var checks: [Check] = [Self.name(document["issuer"], issuer, place), Self.members(of: document, issuer, place)]
        guard let keys = document["jwks_uri"]?.asString, let address = WebAddress(keys),
            address.isSecure || address.isLoopback
        else {
            checks.append(
                .failed(
                    "discovery.members",
                    place,
                    seen: document["jwks_uri"].map { "the jwks_uri \($0.text)" } ?? "no jwks_uri",
                    wanted: "the https URL of the keys",
                    fix: "publish the broker's own document as it is"
                )
            )
            return (checks, nil)
        }
        return (checks, keys)
    }

    /// The lists that AWS and others read before they read a key.
    private static func members(of document: JSONObject, _ issuer: ExpectedIssuer, _ place: String) -> Check {
        let lists = ["response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"]
        let missing = lists.filter { document[$0]?.asArray?.isEmpty ?? true }
        let algorithms = document["id_token_signing_alg_values_supported"]?.asArray?.compactMap(\.asString) ?? []
        let unnamed = issuer.algorithms.filter { !algorithms.contains($0) }
        if !missing.isEmpty {
            return .failed(
                "discovery.members",
                place,
                seen: "no \(missing.joined(separator: ", "))",
                wanted: lists.joined(separator: ", "),
                fix:
                    "publish the broker's own document as it is ('jobpass keys publish', or let the proxy hand it on): AWS "
                    + "answers \"couldn't retrieve verification key\" without these members"
            )
        }
        guard unnamed.isEmpty else {
            return .failed(
                "discovery.members",
                place,
                seen: "the algorithms \(algorithms.joined(separator: ", "))",
                wanted: "\(unnamed.joined(separator: ", ")) among them, which tokens are signed with",
                fix: "what is published is older than the keys: reload the broker, then purge caches and copies"
            )
        }
        return .passed("discovery.members", place, seen: "all that relying parties read")
    }

    /// Relying parties compare the issuer byte for byte, a slash at its end included.
    static func name(_ seen: JSON?, _ issuer: ExpectedIssuer, _ place: String) -> Check {
        let wanted = issuer.url.text
        guard let text = seen?.asString else {
            let fix = "publish the broker's own document as it is"
            return .failed("discovery", place, seen: seen?.text ?? "no issuer", wanted: "\"\(wanted)\"", fix: fix)
        }
        if text.utf8.elementsEqual(wanted.utf8) { return .passed("discovery", place, seen: "the issuer \(text)") }
        let isSlash = text + "/" == wanted || text == wanted + "/"
        return .failed(
            "discovery",
            place,
            seen: "the issuer \"\(text)\"" + (isSlash ? ", which differs by the slash at its end" : ""),
            wanted: "\"\(wanted)\", byte for byte: it is the iss of every token",
            fix: (isSlash ? "a slash is a difference to every relying party: " : "")
                + "make 'issuer' in the configuration, the document and the cloud's provider the same to the letter"
        )
    }
}

extension Duration {
    /// Seconds with some digits behind the point.
    func text(in digits: Int) -> String {
        let tenths = wholeTenths
        return digits == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }

    private var wholeTenths: Int64 { components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000 }
}
