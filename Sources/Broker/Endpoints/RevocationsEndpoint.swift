internal import Configuration
internal import HTTP
package import JSON
internal import Runs
internal import Text
package import Time

/// `POST /v1/revocations`, `GET /v1/revocations`, `DELETE /v1/revocations/ID`: the kill switch, for administrators.
extension Broker {
    private static let longestReason = 512

    /// Revokes what the body names: `{"run": ID}`, `{"project": PATTERN}`, `{"kid": KID}` or `{"since": TIME}`, with `reason` and,
    /// for a project, `until`.
    func revoke(_ call: Call) async throws(Problem) -> HTTPResponse {
        let wish: RevocationWish
        do throws(Problem) {
            wish = try Self.wish(try call.json(depth: now.limits.jsonDepth), at: clock())
        } catch {
            // What a stranger sends is not discussed.
            _ = try await principal(of: call)
            throw error
        }
        let administrator = try await administrator(of: call, revoking: wish.scope)
        let answer = try await revoke(
            wish,
            by: administrator.name,
            from: call.request.peer.address,
            trace: call.trace,
            over: call.transport,
            pacing: call.pacing
        )
        return .json(201, answer)
    }

    /// The revocations in force, of every broker of the store.
    func listRevocations(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try await administrator(of: call)
        return .json(200, try await revocationList())
    }

    /// Lets a project in again.
    func liftRevocation(_ call: Call) async throws(Problem) -> HTTPResponse {
        let administrator = try await administrator(of: call)
        let lifted = try await lift(
            call.parameters[0],
            by: administrator.name,
            from: call.request.peer.address,
            trace: call.trace
        )
        return .json(200, ["revocation": lifted])
    }

    /// The revocations in force.
    package func revocationList() async throws(Problem) -> JSON {
        do throws(RunError) { try await revocations.refresh() } catch { throw Problem(error) }
        return ["revocations": .array(revocations.inForce.map(\.json))]
    }

    /// Reads a wish; every member is checked, and one that is not known is refused: a typing error must not revoke more.
    package static func wish(_ body: JSON, at now: UnixTime) throws(Problem) -> RevocationWish {
        guard let object = body.asObject else { throw Problem(.invalidRequest, "The body is no JSON object.") }
        let kinds = ["run", "project", "kid", "since"]
        if let stray = object.members.first(where: { !(kinds + ["until", "reason"]).contains($0.name) }) {
            throw Problem(
                .invalidRequest,
                "'\(stray.name.prefix(64).description.madeVisible)' is nothing that a revocation has."
            )
        }
        let given = object.members.filter { kinds.contains($0.name) }
        guard given.count == 1, let value = given[0].value.asString else {
            throw Problem(
                .invalidRequest,
                "Saw \(given.count) of run, project, kid and since, wanted one of them with a text as its value."
            )
        }
        guard let scope = Revocation.Scope(kind: given[0].name, value: value) else {
            let wanted =
                given[0].name == "since" ? "a time such as 2026-11-22T09:30:00Z" : "a name, or a project with * in it"
            throw Problem(
                .invalidRequest,
                "'\(given[0].name)' is '\(value.prefix(128).description.madeVisible)', wanted \(wanted)."
            )
        }
        if case .since(let moment) = scope, moment > now {
            throw Problem(.invalidRequest, "'since' lies in the future: \(value).")
        }
        let reason = object["reason"]?.asString ?? ""
        guard reason.utf8.count <= longestReason, object["reason"].map({ $0.asString != nil }) ?? true else {
            throw Problem(.invalidRequest, "'reason' is no text of at most \(longestReason) bytes.")
        }
        return RevocationWish(scope, until: try until(object, scope, at: now), reason: reason.madeVisible)
    }

    private static func until(
        _ object: JSONObject,
        _ scope: Revocation.Scope,
        at now: UnixTime
    ) throws(Problem) -> UnixTime? {
        guard let text = object["until"] else { return nil }
        guard case .project = scope else {
            throw Problem(.invalidRequest, "'until' is for a project: what is ended or withdrawn does not come back.")
        }
        guard let moment = text.asString.flatMap({ try? RFC3339.parse($0) }), moment > now else {
            throw Problem(.invalidRequest, "'until' is no time to come such as 2026-11-22T09:30:00Z.")
        }
        return moment
    }
}
