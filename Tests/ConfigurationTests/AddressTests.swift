import Configuration
import Testing
import Tokens

@Suite("Issuers and addresses")
struct AddressTests {
    func parse(issuer: String = "https://ci.example.com", listen: String = "127.0.0.1:8080") throws -> Settings {
        let text = """
            issuer: "\(issuer)"
            listen: "\(listen)"
            store: sqlite:jobpass.db
            keys: {directory: keys}
            """
        return try Configuration.parse(Array(text.utf8), file: "jobpass.yaml")
    }

    /// The one error at a key.
    func error(_ key: String, _ body: () throws -> Settings) throws -> ConfigurationProblem {
        let invalid = try #require(throws: InvalidConfiguration.self) { try body() }
        let errors = invalid.problems.filter { $0.severity == .error }
        #expect(errors.count == 1)
        return try #require(errors.first { $0.key == key })
    }

    @Test(
        "an issuer is an https URL, or http on loopback",
        arguments: [
            "https://ci.example.com", "https://ci.example.com/jobpass", "https://ci.example.com/a/b-c_d.e~f",
            "https://ci.example.com:8443", "https://192.0.2.1", "https://[2001:db8::1]:8443", "http://127.0.0.1:8080",
            "http://127.9.9.9", "http://localhost:8081", "http://[::1]:8080/x",
        ]
    )
    func issuers(url: String) throws {
        #expect(try parse(issuer: url).issuer.url == url)
        // What configuration takes, those who sign and verify must take too.
        #expect(try IssuerURL(url).text == url)
    }

    @Test(
        "an issuer that relying parties would spell otherwise, or could not trust, is refused with the fix",
        arguments: [
            ("https://ci.example.com/", "write https://ci.example.com"),
            ("https://ci.example.com/jobpass/", "write https://ci.example.com/jobpass"),
            ("http://ci.example.com", "write https://ci.example.com"),
            ("http://127.0.0.1.example.com", "write https://127.0.0.1.example.com"),
            ("http://localhost.example.com:80", "write https://localhost.example.com:80"),
            ("http://0.0.0.0:8080", "write https://0.0.0.0:8080"),
            ("https://ci.example.com?x=1", "remove what begins with '?'"),
            ("https://ci.example.com/#x", "remove what begins with '#'"),
            ("https://user@ci.example.com", "remove what stands before '@'"),
            ("https://user:hunter2@ci.example.com", "remove what stands before '@'"),
            ("https://CI.example.com", "write it as ci.example.com"),
            ("https://ci.example.com:443", "remove it"),
            ("http://127.0.0.1:80", "remove it"),
            ("ci.example.com", "write https://ci.example.com"),
            ("HTTPS://ci.example.com", "write https://ci.example.com"),
            ("ftp://ci.example.com", "write https://ci.example.com"),
            ("https://", "write https://ci.example.com"),
            ("https://:8080", "write https://ci.example.com"),
            ("https://ci.example.com:0", "write https://ci.example.com"),
            ("https://ci.example.com:99999", "write https://ci.example.com"),
            ("https://ci.example.com//x", "write https://ci.example.com"),
            ("https://ci.example.com/../x", "write https://ci.example.com"),
            ("https://ci.example.com/a%20b", "write https://ci.example.com"),
            ("https://ci example.com", "write https://ci.example.com"),
            ("https://cі.example.com", "write https://ci.example.com"),  // a Cyrillic letter
            ("https://example.com/" + String(repeating: "a", count: 230), "choose a shorter host or path"),
        ]
    )
    func badIssuers(url: String, fix: String) throws {
        let problem = try error("issuer") { try parse(issuer: url) }
        #expect(problem.fix == fix)
        #expect(problem.line == 1)
        #expect(problem.column == 9)
        #expect(!problem.reason.contains("hunter2"))
    }

    @Test(
        "a broker listens on a numeric address and a port",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1", 8080), ("0.0.0.0:0", "0.0.0.0", 0),
            ("localhost:65535", "127.0.0.1", 65_535),
            ("[::1]:8080", "::1", 8080), ("[::]:443", "::", 443),
            ("[2001:db8:0:0:0:0:0:1]:80", "2001:db8:0:0:0:0:0:1", 80),
            ("[fe80::1:2:3]:1", "fe80::1:2:3", 1),
        ]
    )
    func addresses(text: String, host: String, port: UInt16) throws {
        let listen = try parse(listen: text).listen
        #expect(listen.host == host)
        #expect(listen.port == port)
    }

    @Test(
        "an address that is none is refused",
        arguments: [
            "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
            "127.0.0.1:0x1",
            "127.0.0:8080", "127.0.0.256:8080", "127.0.0.01:8080", "1.2.3.4.5:80", "ci.example.com:8080", "::1:8080",
            "[::1]", "[1:2]:80", "[1::2::3]:80", "[12345::]:80", "[g::]:80", "[1:2:3:4:5:6:7:8:9]:80", "[]:80",
            "[:]:80",
            "[1:2:3:4:5:6:7:8::]:80", "[:1::2]:80", "https://127.0.0.1:80",
        ]
    )
    func badAddresses(text: String) throws {
        let problem = try error("listen") { try parse(listen: text) }
        #expect(problem.reason == "'\(text)' is no address and port")
    }
}
