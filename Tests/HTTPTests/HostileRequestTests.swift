import HTTP
import HTTPServer
import Support
import Testing

/// Bytes that no good client sends, and what must come of them.
struct HostileRequest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let status: Int

    init(_ description: String, _ text: String, _ status: Int) {
        testDescription = description
        bytes = Array(text.utf8)
        self.status = status
    }

    /// What an attacker would like the server to take for a second request.
    private static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

    static let all: [HostileRequest] = malformed + framing + targets + sizes

    private static let malformed = [
        HostileRequest("no HTTP at all", "\u{16}\u{3}\u{1} hello there\r\n\r\n", 400),
        HostileRequest("an empty line and nothing", "GET\r\n\r\n", 400),
        HostileRequest("no version", "GET /a-long-enough-path\r\nHost: x\r\n\r\n", 400),
        HostileRequest("HTTP/2 spoken as text", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400),
        HostileRequest("a minor version there is not, without Host", "GET / HTTP/1.9\r\n\r\n", 400),
        HostileRequest("HTTP/0.9", "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505),
        HostileRequest("a method there is not", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        HostileRequest("a method in lower case", "get / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        HostileRequest("TRACE, which would tell secrets back", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        HostileRequest("a field without a colon", "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400),
        HostileRequest("a field without a name", "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400),
        HostileRequest("a space before a colon", "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400),
        HostileRequest("a fold before the first field", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400),
        HostileRequest("a bare carriage return in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400),
        HostileRequest("a control character in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\u{7}c\r\n\r\n", 400),
        HostileRequest("a NUL in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 400),
        HostileRequest("a NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        HostileRequest("a NUL that hides the end of the head", "GET / HTTP/1.1\r\nHost: x\r\n\0\r\n\(smuggled)", 400),
        HostileRequest("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
        HostileRequest("two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        HostileRequest("a Host with a path", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400),
        HostileRequest("a Host with a user", "GET / HTTP/1.1\r\nHost: a@x\r\n\r\n", 400),
        HostileRequest(
            "an expectation there is not",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: y\r\n\r\nz",
            417
        ),
    ]

    private static func post(_ fields: String, _ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\r\n\(body)"
    }

    private static let framing = [
        HostileRequest(
            "both a length and a coding",
            post("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n\(smuggled)"),
            400
        ),
        HostileRequest(
            "both, the other way round",
            post("Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n\(smuggled)"),
            400
        ),
        HostileRequest("two lengths", post("Content-Length: 0\r\nContent-Length: 38", smuggled), 400),
        HostileRequest("the same length twice", post("Content-Length: 1\r\nContent-Length: 1", "a\(smuggled)"), 400),
        HostileRequest("a list of lengths", post("Content-Length: 1, 1", "a\(smuggled)"), 400),
        HostileRequest("a length with a sign", post("Content-Length: +1", "a\(smuggled)"), 400),
        HostileRequest("a negative length", post("Content-Length: -1", smuggled), 400),
        HostileRequest("a length in base 16", post("Content-Length: 0x1", "a\(smuggled)"), 400),
        HostileRequest("an empty length", post("Content-Length: ", smuggled), 400),
        HostileRequest("a length after a tab", post("Content-Length:\t\u{b}1", "a\(smuggled)"), 400),
        HostileRequest("a folded length", post("Content-Length: 1\r\n 2", "a\(smuggled)"), 400),
        HostileRequest("a length past 64 bits", post("Content-Length: 99999999999999999999999", smuggled), 413),
        HostileRequest("a coding there is not", post("Transfer-Encoding: xchunked", "0\r\n\r\n\(smuggled)"), 501),
        HostileRequest(
            "a coding before chunked",
            post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n\(smuggled)"),
            501
        ),
        HostileRequest("identity", post("Transfer-Encoding: identity", smuggled), 501),
        HostileRequest("chunked, then another", post("Transfer-Encoding: chunked, identity", smuggled), 400),
        HostileRequest(
            "chunked twice",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n\(smuggled)"),
            400
        ),
        HostileRequest("chunked with a parameter", post("Transfer-Encoding: chunked;a=b", "0\r\n\r\n\(smuggled)"), 501),
        HostileRequest("chunked under a spaced name", post("Transfer-Encoding : chunked", "0\r\n\r\n\(smuggled)"), 400),
        HostileRequest("chunked, folded", post("Transfer-Encoding:\r\n chunked", "0\r\n\r\n\(smuggled)"), 501),
        HostileRequest(
            "chunked in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\(smuggled)",
            400
        ),
        HostileRequest("a chunk size that is none", post("Transfer-Encoding: chunked", "zz\r\n\(smuggled)"), 413),
        HostileRequest("a negative chunk size", post("Transfer-Encoding: chunked", "-1\r\n\(smuggled)"), 413),
        HostileRequest("a chunk size past 64 bits", post("Transfer-Encoding: chunked", "fffffffffffffffff\r\n"), 413),
        HostileRequest("HEAD with a body", "HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 38\r\n\r\n\(smuggled)", 400),
        HostileRequest(
            "HEAD with a chunked body",
            "HEAD / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\(smuggled)",
            400
        ),
        HostileRequest(
            "an unknown method with a body",
            "BREW / HTTP/1.1\r\nHost: x\r\nContent-Length: 38\r\n\r\n\(smuggled)",
            501
        ),
        HostileRequest("CONNECT with a request behind it", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n\(smuggled)", 501),
    ]

    private static func get(_ target: String) -> String { "GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n" }

    private static let targets = [
        HostileRequest("no slash", get("healthz"), 400),
        HostileRequest("an asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        HostileRequest("an authority", get("x:80"), 400),
        HostileRequest("another scheme", get("file:///etc/passwd"), 400),
        HostileRequest("a URL without a host", get("http:///x"), 400),
        HostileRequest("a URL with a password", get("http://a:b@x/"), 400),
        HostileRequest("a fragment", get("/a#b"), 400),
        HostileRequest("a space", get("/a b"), 400),
        HostileRequest("a character beyond ASCII", get("/ü"), 400),
        HostileRequest("a control character", get("/a\u{1}"), 400),
    ]

    private static let sizes = [
        HostileRequest("a long target", get("/" + String(repeating: "a", count: 9000)), 414),
        HostileRequest("a target over the head's limit", get("/" + String(repeating: "a", count: 40_000)), 431),
        HostileRequest(
            "a long field",
            "GET / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 17_000))\r\n\r\n",
            431
        ),
        HostileRequest(
            "many fields",
            "GET / HTTP/1.1\r\nHost: x\r\n\(String(repeating: "A: b\r\n", count: 100))\r\n",
            431
        ),
        HostileRequest(
            "a head without an end",
            "GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "A: bcdefghijklmnopq\r\n", count: 1000),
            431
        ),
        HostileRequest("a long line without an end", String(repeating: "a", count: 17_000), 431),
        HostileRequest(
            "a body over the limit",
            post("Content-Length: 1048576", String(repeating: "a", count: 1 << 20)),
            413
        ),
        HostileRequest(
            "a chunked body over the limit",
            post("Transfer-Encoding: chunked", "100000\r\n" + String(repeating: "a", count: 1 << 20) + "\r\n0\r\n\r\n"),
            413
        ),
        HostileRequest(
            "many chunks over the limit",
            post(
                "Transfer-Encoding: chunked",
                String(repeating: "8000\r\n\(String(repeating: "a", count: 0x8000))\r\n", count: 9)
            ),
            413
        ),
    ]
}

@Suite("Hostile requests")
struct HostileRequestTests {
    @Test("each is refused once, in the server's own words, and its connection ends", arguments: HostileRequest.all)
    func refused(_ request: HostileRequest) async throws {
        let server = try await TestHTTPServer { request in
            HTTPResponse(status: 200, body: Array("the handler was reached by \(request.path)".utf8))
        }
        let answer = try await server.answer(to: request.bytes)
        #expect(answer.statuses == [request.status])
        #expect(request.bytes.starts(with: "HEAD".utf8) || answer.body.hasPrefix("\(request.status): "))
        #expect(!answer.text.contains("handler was reached"))
        #expect(!answer.text.lowercased().contains("<html"))
        #expect(answer.ending != .silence)
    }

    @Test("the server stands after all of them")
    func stands() async throws {
        let server = try await ServerTests.echoing()
        for request in HostileRequest.all { _ = try await server.answer(to: request.bytes) }
        let answer = try await server.answer(to: "GET /still HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.body == "GET /still ? [] -")
    }

    @Test(
        "what is unusual but right is served",
        arguments: [
            ("GET http://elsewhere/p?q HTTP/1.1\r\nHost: x\r\n\r\n", "GET /p ?q [] -"),
            ("GET https://elsewhere HTTP/1.1\r\nHost: x\r\n\r\n", "GET / ? [] -"),
            ("GET //double//slash HTTP/1.1\r\nHost: x\r\n\r\n", "GET //double//slash ? [] -"),
            ("GET /a?b?c HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a ?b?c [] -"),
            ("GET / HTTP/1.1\nHost: x\n\n", "GET / ? [] -"),
            ("GET / HTTP/1.1\r\nhOsT: [::1]:8080\r\n\r\n", "GET / ? [] -"),
            ("GET / HTTP/1.0\r\n\r\n", "GET / ? [] -"),
            ("DELETE / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na", "DELETE / ? [a] -"),
            ("PATCH / HTTP/1.1\r\nHost: x\r\nContent-Length: 003\r\n\r\na\0b", "PATCH / ? [a\0b] -"),
        ]
    )
    func unusual(request: String, body: String) async throws {
        let server = try await ServerTests.echoing()
        let answer = try await server.answer(to: request, thenHalfClose: true)
        #expect(answer.statuses == [200])
        #expect(answer.body == body)
    }

    @Test("a NUL in a body is a byte like another, in chunks too")
    func zeroInBody() async throws {
        let server = try await ServerTests.echoing()
        let long = String(repeating: "a", count: 500)
        let answer = try await server.answer(
            to: "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1f6\r\n\(long)\0\0\r\n0\r\n\r\n"
        )
        #expect(answer.statuses == [200])
        #expect(answer.body == "PUT / ? [\(long)\0\0] -")
    }
}
