import Crypto
import Support
import Testing

@Suite("Keys and certificates from PEM")
struct PEMTests {
    private func secret(_ name: String) throws -> SecretBytes { SecretBytes(copying: try Vectors.bytes("tls/\(name)")) }

    @Test("a server's chain and key make a context that starts sessions, with and without client authorities")
    func server() throws {
        let chain = try Vectors.bytes("tls/server-chain.pem")
        for authorities in [nil, try Vectors.bytes("tls/ca.pem")] {
            _ = try TLSServerContext(
                certificateChain: chain,
                privateKey: secret("server.key"),
                clientAuthorities: authorities
            )
        }
    }

    @Test("a key that is not the certificate's is refused")
    func mismatch() throws {
        let chain = try Vectors.bytes("tls/server-chain.pem")
        #expect(try refusal(chain, key: "client.key") == .key)
    }

    @Test(
        "what is no certificate chain is refused",
        arguments: [
            "", "nothing", "-----BEGIN CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ]
    )
    func badChain(text: String) throws {
        #expect(try refusal(Array(text.utf8), key: "server.key") == .certificate)
        let chain = try Vectors.bytes("tls/server-chain.pem")
        #expect(
            try refusal(chain + Array(text.utf8), key: "server.key") == (text.contains("BEGIN") ? .certificate : nil)
        )
        #expect(try refusal(chain, key: "server.key", clientAuthorities: Array(text.utf8)) == .certificate)
    }

    @Test("a failure leaves nothing behind for the next call")
    func drained() throws {
        #expect(try refusal([], key: "server.key") == .certificate)
        let error = #expect(throws: CryptoError.self) { try SigningKey(pem: SecretBytes(copying: [])) }
        #expect(error?.detail.contains("certificate") == false)
    }

    @Test("an encrypted private key is refused, and nobody is asked for its passphrase")
    func encrypted() throws {
        let error = #expect(throws: CryptoError.self) { try SigningKey(pem: secret("encrypted.key")) }
        #expect(error?.code == .key)
    }

    @Test(
        "what is no private key is refused",
        arguments: ["", "text", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
    )
    func badKey(text: String) {
        #expect {
            try SigningKey(pem: SecretBytes(copying: Array(text.utf8)))
        } throws: { ($0 as? CryptoError)?.code == .key }
    }

    @Test("a certificate is no private key")
    func certificateAsKey() throws {
        #expect { try SigningKey(pem: secret("client.pem")) } throws: { ($0 as? CryptoError)?.code == .key }
    }

    @Test("a key is written as PKCS#8")
    func pkcs8() throws {
        let pem = contents(try SigningKey(pem: secret("server.key")).pem())
        #expect(String(decoding: pem, as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        #expect(pem == (try Vectors.bytes("tls/server.key")))
    }

    private func refusal(
        _ chain: [UInt8],
        key: String,
        clientAuthorities: [UInt8]? = nil
    ) throws -> CryptoError.Code? {
        let privateKey = try secret(key)
        do throws(CryptoError) {
            _ = try TLSServerContext(
                certificateChain: chain,
                privateKey: privateKey,
                clientAuthorities: clientAuthorities
            )
            return nil
        } catch { return error.code }
    }
}
