import Crypto
import Exchange
import HTTP
import Support
import Testing
import Time

@Suite("Signature Version 4")
struct AWSSignatureTests {
    private static let moment = UnixTime(seconds: 1_440_938_160)  // 2015-08-30T12:36:00Z

    private func content(_ vector: Vector, method: HTTPMethod = .post) throws -> SignedContent {
        var fields: HTTPFields = [
            "Content-Type": try vector.text("content_type"), "User-Agent": "not signed",
            "X-Amz-Date": AWSSignature.stamp(Self.moment), "x-amz-security-token": "  SESSIONTOKEN ",
        ]
        let target = try vector.text("target")
        if !target.isEmpty { fields.append("X-Amz-Target", target) }
        return SignedContent(
            method: method,
            host: try vector.text("host"),
            path: "/",
            fields: fields,
            body: Array(try vector.text("body").utf8)
        )
    }

    @Test("a request is signed as AWS's own SDK signs it", arguments: try Vectors.all("sigv4.json"))
    func vectors(_ vector: Vector) throws {
        #expect(SHA256.hash(try vector.text("body")).hex == (try vector.text("body_hash")))
        let content = try content(vector)
        #expect(content.names == (try vector.text("signed_headers")))
        #expect(SHA256.hash(content.canonical).hex == (try vector.text("canonical_hash")))
        let service = try vector.text("service")
        let signature = AWSSignature(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            sessionToken: "SESSIONTOKEN",
            region: "eu-west-1",
            service: service
        )
        #expect(
            signature.authorization(of: content, at: Self.moment)
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/\(service)/aws4_request, "
                + "SignedHeaders=\(try vector.text("signed_headers")), Signature=\(try vector.text("signature"))"
        )
    }

    @Test("whatever is signed changes the signature", arguments: try Vectors.all("sigv4.json"))
    func bound(_ vector: Vector) throws {
        func sign(
            _ content: SignedContent,
            secret: String = "s",
            region: String = "eu-west-1",
            service: String = "sts",
            at moment: UnixTime = AWSSignatureTests.moment
        ) -> Substring? {
            let signature = AWSSignature(
                accessKeyID: "A",
                secretAccessKey: secret,
                sessionToken: nil,
                region: region,
                service: service
            )
            return signature.authorization(of: content, at: moment).split(separator: "Signature=").last
        }
        let whole = try content(vector)
        let signatures = [
            sign(whole), sign(whole, secret: "t"), sign(whole, region: "us-east-1"), sign(whole, service: "s3"),
            sign(whole, at: Self.moment + .seconds(1)), sign(try content(vector, method: .put)),
            sign(SignedContent(method: .post, host: "h", path: "/", fields: [:], body: [])),
            sign(SignedContent(method: .post, host: "i", path: "/", fields: [:], body: [])),
            sign(SignedContent(method: .post, host: "h", path: "/x", fields: [:], body: [])),
            sign(SignedContent(method: .post, host: "h", path: "/", fields: [:], body: [0])),
            sign(SignedContent(method: .post, host: "h", path: "/", fields: ["X-Amz-A": "b"], body: [])),
        ]
        #expect(Set(signatures).count == signatures.count)
    }
}
