internal import Encoding
package import HTTP
internal import HTTPClient
internal import HTTPServer
package import JSON
internal import Locks
package import Sandbox
internal import Time
internal import Tokens

/// A sandbox on a real server, that trusts a real issuer and fetches its keys by the real client.
package final class SandboxHarness: Sendable {
    package let issuer: TestIssuer
    package let clock = TestClock()
    private let server: TestHTTPServer
    private let own: TestClient
    private let reported: Reports

    private final class Reports: Sendable {
        let events = Lock<[SandboxEvent]>([])
    }

    /// Starts a sandbox with the settings that are usual, changed as a test needs them.
    ///
    /// - Throws: what a server or OpenSSL throws.
    package init(_ change: (inout Sandbox.Settings) -> Void = { _ in }) async throws {
        issuer = try await TestIssuer()
        own = try TestClient()
        reported = Reports()
        var settings = Sandbox.Settings(issuers: [issuer.url])
        change(&settings)
        let reports = reported
        let sandbox = Sandbox(settings, transport: own.client, clock: clock.wall) { event in
            reports.events.withLock { $0.append(event) }
        }
        server = try await TestHTTPServer { await sandbox.answer($0) }
    }

    /// What the sandbox reported, in order.
    package var events: [SandboxEvent] { reported.events.withLock { $0 } }

    /// Where it listens.
    package var url: String { "http://127.0.0.1:\(server.server.port)" }

    /// The claims of a good token for an audience, which a test may change.
    package func claims(for audience: String) -> JSONObject {
        let now = clock.now.seconds
        return [
            "iss": .string(issuer.url.text), "sub": "project:acme/web:ref:refs/heads/main", "aud": .string(audience),
            "iat": .integer(now), "nbf": .integer(now - 60), "exp": .integer(now + 300), "jti": "one",
        ]
    }

    /// Sends a request.
    ///
    /// - Throws: `TransportError`.
    package func send(
        _ method: HTTPMethod,
        _ path: String,
        fields: HTTPFields = [:],
        body: [UInt8] = []
    ) async throws -> HTTPResponse {
        try await own.client.send(OutgoingRequest(method, url: url + path, fields: fields, body: body))
    }

    /// Posts a form.
    ///
    /// - Throws: `TransportError`.
    package func post(_ path: String, form: KeyValuePairs<String, String>) async throws -> HTTPResponse {
        let body = Form(form.map { Form.Field($0, $1) }).encoded
        let fields: HTTPFields = ["Content-Type": "application/x-www-form-urlencoded"]
        return try await send(.post, path, fields: fields, body: Array(body.utf8))
    }

    /// Posts JSON.
    ///
    /// - Throws: `TransportError`.
    package func post(_ path: String, json: JSON, fields: HTTPFields = [:]) async throws -> HTTPResponse {
        try await send(.post, path, fields: fields, body: json.serialized())
    }
}
