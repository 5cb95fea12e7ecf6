package import HTTP
internal import HTTPServer
package import JSON
internal import Locks

/// A server that answers as a broker might, for clients under test; it keeps what it was asked.
package final class FakeBroker: Sendable {
    /// One request as it came.
    package struct Call: Equatable, Sendable {
        package let method: HTTPMethod
        package let path: String
        package let query: String
        package let authorization: String?
        package let body: [UInt8]

        /// The method and the path with its query.
        package var line: String { "\(method.rawValue) \(path)\(query.isEmpty ? "" : "?\(query)")" }

        /// The body as JSON; null where it is none.
        package var json: JSON { (try? JSON.parse(body)) ?? .null }
    }

    /// Its address.
    package var url: String { "http://127.0.0.1:\(server.server.port)" }

    private let server: TestHTTPServer
    private let state: State

    /// Starts a broker that gives these answers, by `METHOD /path`; all else is `otherwise`'s, or the contract's 404.
    ///
    /// - Throws: `EventLoopError` or `HTTPServerError`.
    package init(
        _ answers: [String: HTTPResponse] = [:],
        otherwise: @escaping @Sendable (Call) -> HTTPResponse? = { _ in nil }
    ) async throws {
        let state = State(answers, otherwise)
        self.state = state
        server = try await TestHTTPServer { state.answer($0) }
    }

    /// Gives another answer from now on, such as one that holds the broker's own address.
    package func answer(_ line: String, with response: HTTPResponse) { state.set(line, response) }

    /// What it was asked so far.
    package var calls: [Call] { state.calls }

    /// Closes it; its address then refuses connections.
    package func stop() async { await server.server.close() }

    private final class State: Sendable {
        private let kept = Lock<[Call]>([])
        private let answers: Lock<[String: HTTPResponse]>

        private let otherwise: @Sendable (Call) -> HTTPResponse?

        init(_ answers: [String: HTTPResponse], _ otherwise: @escaping @Sendable (Call) -> HTTPResponse?) {
            self.answers = Lock(answers)
            self.otherwise = otherwise
        }

        var calls: [Call] { kept.withLock { $0 } }

        func set(_ line: String, _ response: HTTPResponse) { answers.withLock { $0[line] = response } }

        func answer(_ request: HTTPRequest) -> HTTPResponse {
            let call = Call(
                method: request.method,
                path: request.path,
                query: request.query,
                authorization: request.fields["Authorization"],
                body: request.body
            )
            kept.withLock { $0.append(call) }
            return answers.withLock { $0["\(request.method.rawValue) \(request.path)"] }
                ?? otherwise(call) ?? .refusal(404, "not_found", "There is nothing at \(request.path).")
        }
    }
}

extension HTTPResponse {
    /// An answer of JSON.
    package static func answer(_ json: JSON, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, fields: ["Content-Type": "application/json"], body: json.serialized())
    }

    /// An error in the contract's form.
    package static func refusal(
        _ status: Int,
        _ code: String,
        _ words: String,
        cause: JSON? = nil
    ) -> HTTPResponse {
        var body: JSONObject = [
            "error": .string(code), "error_description": .string(words), "trace": "0123456789abcdef0123456789abcdef",
        ]
        body["cause"] = cause
        return answer(.object(body), status: status)
    }
}
