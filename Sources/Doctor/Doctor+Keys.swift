internal import HTTP
internal import JSON
internal import Time
internal import Tokens

/// The published keys, at the issuer and in copies of them.
extension Doctor {
    /// The longest that a copy of the keys should be kept: a new key waits for as long, and a withdrawn one works on.
    private static let longestCache: Int64 = 86_400

    /// Fetches the keys and compares them with those that sign.
    func examine(keys url: String, of issuer: ExpectedIssuer, name: String = "keys") async -> [Check] {
        let fetched: Fetched
        do throws(TransportError) {
            fetched = try await fetch(url)
        } catch {
            return [Self.check(name, url, error), .skipped("cache", url, because: "the keys could not be fetched")]
        }
        guard fetched.response.status == 200 else {
            return [
                .failed(
                    name,
                    url,
                    seen: "status \(fetched.response.status)",
                    wanted: "200 and a JWK Set",
                    fix: "let the proxy or bucket hand this path on without a login"
                )
            ]
        }
        return [keys(fetched.response.body, issuer, url, name), cache(fetched.response, url)]
    }

    private func keys(_ body: [UInt8], _ issuer: ExpectedIssuer, _ url: String, _ name: String) -> Check {
        func broken(_ seen: String, _ wanted: String, _ fix: String) -> Check {
            .failed(name, url, seen: seen, wanted: wanted, fix: fix)
        }
        let elements = (try? JSON.parse(body))?["keys"]?.asArray ?? []
        if let leaked = elements.first(where: { $0["d"] != nil || $0["p"] != nil }) {
            return broken(
                "the private half of key \(leaked["kid"]?.asString ?? "without a name")",
                "public keys alone",
                "take the file away, revoke the key at once, and publish what 'jobpass keys publish' writes: whoever fetched "
                    + "it can sign as this issuer"
            )
        }
        let set: JWKSet
        do throws(TokenError) {
            set = try JWKSet(parsing: body)
        } catch {
            return broken(error.seen, error.wanted, "publish the broker's own key set as it is")
        }
        let present = Set(set.keys.compactMap(\.kid))
        let missing = (issuer.signing ?? []).filter { !present.contains($0) }
        guard missing.isEmpty else {
            return broken(
                "no key \(missing.joined(separator: ", ")), only \(present.sorted().joined(separator: ", "))",
                "every key that signs",
                "tokens are refused for an unknown kid until it is there: reload the broker, purge the cache before it, and "
                    + "copy the keys to the mirror again ('jobpass keys publish')"
            )
        }
        let nameless = set.keys.count { $0.kid == nil }
        guard nameless == 0, !set.keys.isEmpty else {
            let seen = set.keys.isEmpty ? "no key" : "\(nameless) keys without kid"
            return broken(seen, "keys with a kid each: AWS takes no other", "publish the broker's own key set as it is")
        }
        let odd = elements.filter { $0["key_ops"] != nil || ($0["use"]?.asString ?? "sig") != "sig" }
        if let key = odd.first?["kid"]?.asString {
            return .warning(
                name,
                url,
                seen: "key \(key) with key_ops, or with a use other than sig",
                wanted: "kid, kty, use, alg and the public numbers alone",
                fix: "AWS refuses such keys: publish the broker's own key set as it is"
            )
        }
        return .passed(
            name,
            url,
            seen: "\(set.keys.count) keys" + (issuer.signing == nil ? "" : ", all that sign among them")
        )
    }

    /// How long others keep what they fetched (RFC 9111, section 5.2.2).
    private func cache(_ response: HTTPResponse, _ url: String) -> Check {
        let directives = response.fields.values("Cache-Control").joined(separator: ",").lowercased()
            .split(separator: ",").map { $0.filter { $0 != " " } }
        let age = directives.first { $0.hasPrefix("max-age=") }.flatMap { Int64($0.dropFirst(8)) }
        func unwise(_ seen: String, _ fix: String) -> Check {
            .warning("cache", url, seen: seen, wanted: "Cache-Control: public, max-age=300", fix: fix)
        }
        guard let age, !directives.contains("no-store") else {
            let seen = directives.isEmpty ? "no Cache-Control" : directives.joined(separator: ", ")
            return unwise(seen, "without a max-age each relying party guesses: let the broker's own header through")
        }
        guard age <= Self.longestCache else {
            let fix = "a new key can sign only after that long: lower the cache time of the proxy or bucket"
            return unwise("max-age=\(age), more than a day", fix)
        }
        return .passed("cache", url, seen: "max-age=\(age)")
    }

    /// Compares a copy of the documents, such as a bucket, with what is signed with.
    ///
    /// The copy stands in the place of the issuer for those who cannot reach it, so it must say the same.
    package func examine(mirror base: String, of issuer: ExpectedIssuer) async -> [Check] {
        let base = base.hasSuffix("/") ? String(base.dropLast()) : base
        let place = "\(base)/.well-known/openid-configuration"
        let fetched: Fetched
        do throws(TransportError) {
            fetched = try await fetch(place)
        } catch {
            return [Self.check("mirror", place, error)]
        }
        guard fetched.response.status == 200, let document = (try? JSON.parse(fetched.response.body))?.asObject else {
            let seen = "status \(fetched.response.status), \(fetched.response.body.count) bytes"
            let fix = "publish to it again: jobpass keys publish"
            return [.failed("mirror", place, seen: seen, wanted: "the discovery document", fix: fix)]
        }
        var checks = [Self.name(document["issuer"], issuer, place)]
        let keys = "\(base)/.well-known/jwks.json"
        let found = await examine(keys: keys, of: issuer, name: "mirror")
        checks += found
        if let written = fetched.response.fields["Last-Modified"].flatMap(IMFDate.parse),
            found.first?.verdict == .failed
        {
            checks.append(
                .failed(
                    "mirror.fresh",
                    place,
                    seen: "a copy of \(RFC3339.format(written)), older than the keys",
                    wanted: "a copy made after the last change of keys",
                    fix:
                        "copy the keys to the mirror again, and let that happen with each rotation: jobpass keys publish"
                )
            )
        }
        return checks
    }
}
