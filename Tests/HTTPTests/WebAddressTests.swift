import HTTP
import Testing

@Suite("Web addresses")
struct WebAddressTests {
    @Test(
        "an address is taken apart as it is written",
        arguments: [
            ("https://ci.example.com", true, "ci.example.com", nil, "", nil),
            ("http://127.0.0.1:8080/", false, "127.0.0.1", 8080, "/", nil),
            ("https://[2001:db8::1]:443/a/b?c=d?e", true, "[2001:db8::1]", 443, "/a/b", "c=d?e"),
            ("https://x?q", true, "x", nil, "", "q"), ("https://x/?", true, "x", nil, "/", ""),
            ("https://EXAMPLE.com/A%20b//c", true, "EXAMPLE.com", nil, "/A%20b//c", nil),
        ] as [(String, Bool, String, Int?, String, String?)]
    )
    func parts(text: String, isSecure: Bool, host: String, port: Int?, path: String, query: String?) throws {
        let address = try #require(WebAddress(text))
        #expect(address.isSecure == isSecure)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.path == path)
        #expect(address.query == query)
    }

    @Test(
        "what two parsers could read differently is refused",
        arguments: [
            "", "https:", "https://", "//x", "x", "ftp://x", "HTTPS://x", " https://x", "https://x ", "https://x\n",
            "https://x\ty",
            "https://user@x", "https://a:b@x", "https://x#y", "https://x\\@y", "https://x:", "https://x:0",
            "https://x:65536",
            "https://x:+1", "https://x:8080a", "https://x:1:2", "https://[::1", "https://[]", "https://[g::1]",
            "https://[::1]x",
            "https://.", "https://x.", "https://.x", "https://a..b", "https://-a", "https://a%2eb", "https://a,b",
            "https://x/../y",
            "https://x/./y", "https://x/..", "https://\u{e9}", "https://x/\u{e9}", "https://x/<", "https://x/\"",
            "https://x/`",
            "https://\(String(repeating: "a", count: 64))", "https://\(String(repeating: "a.", count: 127))",
        ]
    )
    func refused(text: String) { #expect(WebAddress(text) == nil) }

    @Test(
        "loopback is what says so by its very name",
        arguments: [
            ("http://localhost", true), ("http://127.0.0.1", true), ("http://127.255.0.9:1", true),
            ("http://[::1]", true),
            ("http://127.1", false), ("http://127.0.0.256", false), ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false), ("http://0.0.0.0", false), ("http://[::]", false),
            ("http://10.0.0.1", false),
            ("http://[::ffff:127.0.0.1]", false), ("http://127.0.0.-1", false), ("http://2130706433", false),
        ]
    )
    func loopback(text: String, isLoopback: Bool) {
        #expect((WebAddress(text)?.isLoopback ?? false) == isLoopback)
    }
}
