import JSON
import Testing

/// A request body that must be refused.
private struct BadBody {
    let name: String
    let bytes: [UInt8]
    var status = 400

    static let all: [BadBody] = [
        BadBody(name: "nothing", bytes: []),
        BadBody(name: "no JSON", bytes: Array("project=acme/web".utf8)),
        BadBody(name: "cut off", bytes: Array(#"{"project": "acme/web", "workf"#.utf8)),
        BadBody(name: "two documents", bytes: Array("{} {}".utf8)),
        BadBody(name: "no object", bytes: Array(#"["acme/web"]"#.utf8)),
        BadBody(name: "a name twice", bytes: run(#""project": "acme/web", "project": "acme/other""#)),
        BadBody(name: "a number for a name", bytes: run(#""project": 7"#)),
        BadBody(name: "a list for a name", bytes: run(#""project": ["acme/web"]"#)),
        BadBody(name: "an unknown member", bytes: run(#""project": "acme/web", "projcet_id": "1""#)),
        BadBody(name: "a fraction of a second", bytes: run(#""project": "acme/web", "expires_in": 1.5"#)),
        BadBody(name: "an unknown trust", bytes: run(#""project": "acme/web", "trust": "root""#)),
        BadBody(name: "a registered claim", bytes: run(#""project": "acme/web", "claims": {"sub": "admin"}"#)),
        BadBody(name: "a control character", bytes: run(#""project": "acme/web\u0007""#)),
        BadBody(name: "an escaped NUL", bytes: run(#""project": "acme/web\u0000""#)),
        BadBody(name: "a NUL byte", bytes: run("\"project\": \"acme/web\0\"")),
        BadBody(name: "a lone surrogate", bytes: run(#""project": "acme/\ud800""#)),
        BadBody(name: "no UTF-8", bytes: Array(#"{"project": ""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)),
        BadBody(name: "a hundred thousand levels", bytes: Array(repeating: UInt8(ascii: "["), count: 100_000)),
        BadBody(
            name: "a megabyte",
            bytes: run("\"project\": \"\(String(repeating: "a", count: 1 << 20))\""),
            status: 413
        ),
    ]

    /// A registration that has what is required but for the project.
    private static func run(_ members: String) -> [UInt8] {
        Array(#"{"workflow": "deploy", "job": "release", \#(members)}"#.utf8)
    }
}

extension Scenarios {
    /// What a hostile or broken client sends to a live broker.
    @Suite("Bad input is refused with its reason, and the broker goes on")
    struct BadInputScenarios {
        private let site: Site
        private let broker: Running

        init() throws {
            site = try Site(
                """
                audiences:
                  - audience: allowed.example
                    allow: [{project: acme/web}]
                targets:
                  own:
                    type: none
                    audience: own.example
                    allow: [{project: acme/web, ref: refs/heads/main}]
                """,
                in: try Folder()
            )
            broker = try site.serve()
        }

        @Test("a body that is no registration")
        func bodies() throws {
            for bad in BadBody.all {
                let call = try Call("POST", "\(site.url)/v1/runs", token: site.token(.orchestrator), body: bad.bytes)
                #expect(call.status == bad.status, "\(bad.name): \(call)")
                #expect(
                    call.json["error"] == (bad.status == 413 ? "too_large" : "invalid_request"),
                    "\(bad.name): \(call)"
                )
                #expect(call.json["error_description"]?.asString?.isEmpty == false, "\(bad.name): \(call)")
            }
            #expect(try site.answers("/readyz"), "\(broker.said)")
            _ = try site.register()
        }

        @Test("a request token that is none, is another's kind, or has expired")
        func tokens() throws {
            let url = "\(site.url)/v1/token?audience=allowed.example"
            let short = try site.register(["expires_in": 1])
            for token in [
                nil, "", "jpr_", "jpr_unknown", site.token(.orchestrator), String(repeating: "a", count: 4096),
            ] {
                let call = try Call("GET", url, token: token)
                #expect(call.status == 401, "\(token ?? "no token"): \(call)")
                #expect(call.json["error"] == "invalid_token")
            }
            // Wall time alone ends a run; a second is the shortest that there is.
            var late = try Call("GET", url, token: short.requestToken)
            for _ in 0..<300 where late.status == 200 { late = try Call("GET", url, token: short.requestToken) }
            #expect(late.status == 401, "\(late)")
        }

        @Test("an audience and a target that no rule allows: 403 with the reason and the trace")
        func denied() throws {
            let job = try site.register(["ref": "refs/heads/feature"])
            let calls = [
                try Call("GET", "\(site.url)/v1/token?audience=other.example", token: job.requestToken),
                try Call("POST", "\(site.url)/v1/targets/own/credentials", token: job.requestToken),
            ]
            for call in calls {
                #expect(call.status == 403, "\(call)")
                #expect(call.json["error"] == "access_denied")
                #expect(call.json["error_description"]?.asString?.isEmpty == false)
                let trace = try #require(call.json["trace"]?.asString)
                #expect(try site.entries("trace=\(trace)").count == 1)
            }
        }

        @Test("what does not exist, and what is asked in the wrong way")
        func shapes() throws {
            let job = try site.register()
            #expect(try Call("GET", "\(site.url)/v1/nothing", token: job.requestToken).status == 404)
            #expect(try Call("PUT", "\(site.url)/v1/token", token: job.requestToken).status == 405)
            for query in [
                "", "?audience=", "?audience=a&audience=b", "?audience=%zz", "?audience=allowed.example&lifetime=-1",
            ] {
                let call = try Call("GET", "\(site.url)/v1/token\(query)", token: job.requestToken)
                #expect(call.status == 400, "\(query): \(call)")
            }
        }
    }
}
