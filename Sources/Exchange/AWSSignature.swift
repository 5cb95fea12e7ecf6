internal import Crypto
internal import Encoding
package import HTTP
package import Time

/// Signs requests to AWS with the keys of a session: Signature Version 4, for requests without a query.
package struct AWSSignature: Sendable {
    private let accessKeyID: String
    private let secretAccessKey: String
    private let sessionToken: String?
    private let region: String
    private let service: String

    /// Makes a signer of a session's keys, for one service in one region.
    package init(
        accessKeyID: String,
        secretAccessKey: String,
        sessionToken: String?,
        region: String,
        service: String
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.region = region
        self.service = service
    }

    /// The request signed as S3 wants it: with the digest of its body in a field of its own.
    package func signedWithDigest(_ request: OutgoingRequest, at now: UnixTime) -> OutgoingRequest {
        var request = request
        request.fields.append("X-Amz-Content-Sha256", SHA256.hash(request.body).hex)
        return signed(request, at: now)
    }

    /// What the names of AWS's endpoints in a region end with.
    package static func domain(of region: String) -> String { AWSPartition(region: region).domain }

    /// The request with the fields that prove who sends it: the time, the session's token and the signature.
    func signed(_ request: OutgoingRequest, at now: UnixTime) -> OutgoingRequest {
        var request = request
        request.fields.append("X-Amz-Date", Self.stamp(now))
        if let sessionToken { request.fields.append("X-Amz-Security-Token", sessionToken) }
        let address = WebAddress(request.url)
        let content = SignedContent(
            method: request.method,
            host: Self.host(of: address),
            path: address?.path ?? "",
            fields: request.fields,
            body: request.body
        )
        request.fields.append("Authorization", authorization(of: content, at: now))
        return request
    }

    /// The `Authorization` of a request.
    package func authorization(of content: SignedContent, at now: UnixTime) -> String {
        let scope = "\(Self.stamp(now).prefix(8))/\(region)/\(service)/aws4_request"
        let signature = signature(of: SHA256.hash(content.canonical), scope: scope, at: now).hex
        return "AWS4-HMAC-SHA256 Credential=\(accessKeyID)/\(scope), SignedHeaders=\(content.names), "
            + "Signature=\(signature)"
    }

    private func signature(of canonical: SHA256Digest, scope: String, at now: UnixTime) -> SHA256Digest {
        var key = Array("AWS4\(secretAccessKey)".utf8)
        for part in scope.split(separator: "/") { key = HMAC.sha256(key: key, message: Array(part.utf8)).bytes }
        let text = "AWS4-HMAC-SHA256\n\(Self.stamp(now))\n\(scope)\n\(canonical.hex)"
        return HMAC.sha256(key: key, message: Array(text.utf8))
    }

    /// A moment as AWS writes it: `20150830T123600Z`.
    package static func stamp(_ moment: UnixTime) -> String {
        RFC3339.format(UnixTime(seconds: moment.seconds)).filter { $0 != "-" && $0 != ":" }
    }

    /// The host as libcurl sends it: with a port only where the scheme has another.
    private static func host(of address: WebAddress?) -> String {
        guard let address else { return "" }
        guard let port = address.port, port != (address.isSecure ? 443 : 80) else { return address.host }
        return "\(address.host):\(port)"
    }
}

/// What of a request is signed: method, host, path and body, the content type and every field of AWS's own; the rest may
/// change on its way.
package struct SignedContent: Sendable {
    /// The names of the signed fields, in their order.
    package let names: String
    /// The canonical request.
    package let canonical: String

    /// Takes the content of a request without a query.
    package init(method: HTTPMethod, host: String, path: String, fields: HTTPFields, body: [UInt8]) {
        var signed = [("host", host)]
        for field in fields.fields {
            let name = field.name.lowercased()
            guard name == "content-type" || name.hasPrefix("x-amz-") else { continue }
            signed.append((name, field.value.split(separator: " ").joined(separator: " ")))
        }
        signed.sort { $0.0 < $1.0 }
        names = signed.map(\.0).joined(separator: ";")
        canonical = [
            method.rawValue, path.isEmpty ? "/" : path, "", signed.map { "\($0.0):\($0.1)\n" }.joined(), names,
            SHA256.hash(body).hex,
        ].joined(separator: "\n")
    }
}
