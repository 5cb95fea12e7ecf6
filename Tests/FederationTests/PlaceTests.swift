import Federation
import JSON
import Testing

@Suite("Places in another issuer's token")
struct PlaceTests {
    private let claims: JSONObject = [
        "repository": "acme/web", "number": 5, "flag": false, "empty": "", "nothing": nil, "half": 0.5,
        "list": ["a", "b"], "kubernetes.io": ["namespace": "ci", "pods": ["one", "two"]], "a/b": "slash",
    ]

    @Test(
        "a name, a pointer, a text in braces and a text as it stands",
        arguments: [
            ("repository", "acme/web"), ("number", "5"), ("flag", "false"), ("a/b", "slash"),
            ("/kubernetes.io/namespace", "ci"), ("/kubernetes.io/pods/1", "two"), ("/a~1b", "slash"),
            ("{repository}#{number}", "acme/web#5"), ("refs/heads/{/kubernetes.io/namespace}", "refs/heads/ci"),
            ("=main", "main"), ("=a{b}", "a{b}"),
        ]
    )
    func reads(place: String, text: String) throws {
        #expect(try #require(ForeignClaim(place)).text(in: claims) == text)
    }

    @Test(
        "what is missing, empty or null is missing",
        arguments: ["gone", "empty", "nothing", "{repository}/{gone}", "/a/b"]
    )
    func misses(place: String) throws {
        #expect(try #require(ForeignClaim(place)).text(in: claims) == nil)
    }

    @Test("what is no single value is refused", arguments: ["list", "half", "kubernetes.io", "{repository}-{list}"])
    func refuses(place: String) throws {
        let claim = try #require(ForeignClaim(place))
        #expect(throws: NotText.self) { try claim.text(in: claims) }
    }

    @Test("a text that is no place", arguments: ["", "=", "{", "}", "a{b", "a}b", "{}", "{a{b}}", "/~2"])
    func isNone(text: String) { #expect(ForeignClaim(text) == nil) }

    @Test("of a list every element counts")
    func lists() throws {
        #expect(try #require(ForeignClaim("list")).texts(in: claims) == ["a", "b"])
        #expect(try #require(ForeignClaim("/kubernetes.io/pods")).texts(in: claims) == ["one", "two"])
    }
}
