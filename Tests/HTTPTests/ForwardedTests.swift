import HTTP
import Testing

@Suite("What proxies say of whom they speak for")
struct ForwardedTests {
    private static let proxy = "10.0.0.1"

    private static func client(
        _ word: TrustedProxies.Word,
        _ fields: HTTPFields,
        through peer: String = proxy
    ) throws -> String? {
        let range = try #require(AddressRange("10.0.0.0/8"))
        let proxies = TrustedProxies(addresses: [range], word: word)
        return proxies.client(of: fields, through: try #require(NetworkAddress(peer)))?.description
    }

    @Test(
        "Forwarded is read from its end, as far as proxies are believed",
        arguments: [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("for=192.0.2.43, for=198.51.100.17", "198.51.100.17"),
            ("for=192.0.2.43, for=10.1.2.3", "192.0.2.43"),
            ("for=192.0.2.43,for=10.1.2.3;by=10.0.0.1 , for=10.9.9.9", "192.0.2.43"),
            ("for=1.1.1.1, for=192.0.2.43, for=10.1.2.3", "192.0.2.43"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=\"192.0.2.60:_port\"", "192.0.2.60"), ("for=\"\\1\\9\\2.0.2.60\"", "192.0.2.60"),
            ("for=unknown", "10.0.0.1"), ("for=_hidden", "10.0.0.1"), ("for=192.0.2.43, for=_hidden", "10.0.0.1"),
            ("for=192.0.2.43, proto=https", "10.0.0.1"), ("for=10.0.0.2", "10.0.0.2"),
            ("for=\"unknown:80\";host=\"a, for=1.1.1.1\"", "10.0.0.1"),
        ]
    )
    func forwarded(value: String, client: String) throws {
        #expect(try Self.client(.forwarded, ["Forwarded": value, "X-Forwarded-For": "203.0.113.99"]) == client)
    }

    @Test("several fields are one list, in their order")
    func several() throws {
        let fields: HTTPFields = ["Forwarded": "for=1.1.1.1", "forwarded": "for=192.0.2.43, for=10.1.1.1"]
        #expect(try Self.client(.forwarded, fields) == "192.0.2.43")
        let other: HTTPFields = ["X-Forwarded-For": "1.1.1.1", "x-forwarded-for": "192.0.2.43"]
        #expect(try Self.client(.forwardedFor, other) == "192.0.2.43")
    }

    @Test(
        "a Forwarded that breaks the grammar is refused, lest somebody's quote hide what a proxy added",
        arguments: [
            "", "for", "for=", "for=\"192.0.2.60", "for=\"192.0.2.60\\", "for=192.0.2.60;for=1.1.1.1",
            "for=192.0.2.60;",
            "for=192.0.2.60,", ",for=192.0.2.60", "for =192.0.2.60", "for= 192.0.2.60", "for=[2001:db8::1]",
            "for=2001:db8::1", "for=192.0.2.60:80", "for=\"2001:db8::1\"", "for=\"[192.0.2.60]\"", "for=256.0.0.1",
            "for=\"192.0.2.60:123456\"", "for=\"_\"", "for=\"a b\"", "for=192.0.2.60 proto=http", "f\u{E9}r=1.1.1.1",
            String(repeating: "for=1.1.1.1,", count: 32) + "for=1.1.1.1",
        ]
    )
    func malformed(value: String) throws { #expect(try Self.client(.forwarded, ["Forwarded": value]) == nil) }

    @Test(
        "X-Forwarded-For is read from its end",
        arguments: [
            ("192.0.2.43", "192.0.2.43"), ("1.1.1.1, 192.0.2.43", "192.0.2.43"),
            ("192.0.2.43,10.2.3.4 ,\t10.0.0.1", "192.0.2.43"),
            ("2001:db8::1", "2001:db8::1"), ("[2001:db8::1]:80", "2001:db8::1"), ("192.0.2.43:51234", "192.0.2.43"),
            ("unknown", "10.0.0.1"), ("192.0.2.43, unknown", "10.0.0.1"),
            ("", nil), ("192.0.2.43,", nil), ("a, 192.0.2.43", nil), ("192.0.2.43:", nil), ("for=192.0.2.43", nil),
        ] as [(String, String?)]
    )
    func forwardedFor(value: String, client: String?) throws {
        #expect(try Self.client(.forwardedFor, ["X-Forwarded-For": value, "Forwarded": "for=203.0.113.99"]) == client)
    }

    @Test("nobody but a proxy is believed, and no field is needed", arguments: TrustedProxies.Word.allCases)
    func strangers(word: TrustedProxies.Word) throws {
        let fields: HTTPFields = ["Forwarded": "for=1.1.1.1", "X-Forwarded-For": "1.1.1.1"]
        #expect(try Self.client(word, fields, through: "192.0.2.7") == "192.0.2.7")
        #expect(
            try Self.client(word, ["Forwarded": "\"", "X-Forwarded-For": "\""], through: "192.0.2.7") == "192.0.2.7"
        )
        #expect(try Self.client(word, [:]) == "10.0.0.1")
    }
}
