internal import Crypto
internal import Delivery
internal import Encoding
internal import EventLoop
internal import HTTP
internal import HTTPServer
internal import JSON
internal import Locks
internal import Time

/// exec's own server, which only its child can use: on loopback, a port that nobody can foresee, behind a token that stands in
/// the child's environment alone.
///
/// It answers AWS SDKs as a container's credentials endpoint, and Google's libraries as a token service.
final class LoopbackServer: Sendable {
    /// What requests have to show.
    let token = Hex.encode(Entropy.bytes(32))
    private let keepers = Lock<[String: CredentialKeeper]>([:])
    private let server = Lock<HTTPServer?>(nil)

    /// Starts to listen.
    ///
    /// - Throws: `HTTPServerError`.
    func start(on loop: EventLoop) async throws {
        let started = try await HTTPServer.start(
            on: loop,
            settings: HTTPServer.Settings(address: "127.0.0.1", port: 0) { status, reason in
                Self.refusal(status, "bad_request", reason)
            }
        ) { [self] request in await answer(request) }
        server.withLock { $0 = started }
    }

    /// Its address, without a slash at the end.
    var url: String { "http://127.0.0.1:\(server.withLock { $0?.port } ?? 0)" }

    /// Answers for a target from now on.
    func add(_ keeper: CredentialKeeper) { keepers.withLock { $0[keeper.target] = keeper } }

    /// Stops listening.
    func close() async { await server.withLock { $0 }?.close() }

    private func answer(_ request: HTTPRequest) async -> HTTPResponse {
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard parts.count == 2 else { return Self.refusal(404, "not_found", "There is nothing at this path.") }
        switch (request.method, parts[0]) {
        case (.get, "aws"), (.get, "subject"):
            guard request.fields.values("Authorization").count == 1, isOurs(request.fields["Authorization"] ?? "")
            else {
                return Self.refusal(401, "invalid_token", "The Authorization field is not the token of this server.")
            }
            if parts[0] == "subject" { return Self.secret(["value": .string(token)]) }
            return await answer(parts[1]) { held, now throws(DeliveryError) in try LoopbackAnswers.aws(held, at: now) }
        case (.post, "gcp"):
            let form = try? Form(parsing: String(decoding: request.body, as: UTF8.self))
            guard let subject = try? form?.value("subject_token"), isOurs(subject) else {
                return Self.refusal(401, "invalid_grant", "subject_token is not the token of this server.")
            }
            return await answer(parts[1]) { held, now throws(DeliveryError) in try LoopbackAnswers.google(held, at: now)
            }
        default: return Self.refusal(404, "not_found", "There is nothing at this path for \(request.method.rawValue).")
        }
    }

    private func isOurs(_ text: String) -> Bool {
        let bare = text.hasPrefix("Bearer ") ? String(text.dropFirst(7)) : text
        return equalInConstantTime(Array(bare.utf8), Array(token.utf8))
    }

    private func answer(
        _ target: String,
        _ shape: (HeldCredential, UnixTime) throws(DeliveryError) -> JSON
    ) async -> HTTPResponse {
        guard let keeper = keepers.withLock({ $0[target] }) else {
            return Self.refusal(404, "not_found", "This command was not given a target '\(target)'.")
        }
        do throws(RenewalFailure) {
            let held = try await keeper.current()
            do throws(DeliveryError) { return Self.secret(try shape(held, SystemClock.now())) } catch {
                return Self.refusal(500, "server_error", error.description)
            }
        } catch {
            return Self.refusal(
                error.isFinal ? 403 : 503,
                error.isFinal ? "access_denied" : "unavailable",
                error.message
            )
        }
    }

    private static func secret(_ body: JSON) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            fields: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: body.serialized()
        )
    }

    /// In the words of AWS's SDKs and of OAuth.
    private static func refusal(_ status: Int, _ code: String, _ message: String) -> HTTPResponse {
        let body: JSON = [
            "code": .string(code), "message": .string(message), "error": .string(code),
            "error_description": .string(message),
        ]
        return HTTPResponse(status: status, fields: ["Content-Type": "application/json"], body: body.serialized())
    }
}
