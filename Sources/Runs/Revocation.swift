package import Text
package import Time

/// A kill switch that was thrown: what gets nothing more from the moment it was stored.
package struct Revocation: Equatable, Sendable {
    /// What is shut out.
    package enum Scope: Equatable, Sendable {
        /// One run, by its id.
        case run(String)
        /// Every run of the projects that match, those that are there and those that somebody would register.
        case project(Pattern)
        /// Whatever a key signed, by its whole kid.
        case key(String)
        /// The runs that were registered at this moment or later, up to when the revocation was made.
        case since(UnixTime)
    }

    /// Names it in URLs, logs and the ledger.
    package let id: String
    package let scope: Scope
    package let made: UnixTime
    /// From this moment on it counts no more; nil where it counts until it is lifted.
    package let until: UnixTime?
    /// The principal that made it; nil for somebody on the broker's own host.
    package let principal: String?
    /// Why, in the words of whoever made it; empty where there are none.
    package let reason: String
    /// When it was taken back.
    package let lifted: UnixTime?

    /// Makes a revocation.
    package init(
        id: String,
        scope: Scope,
        made: UnixTime,
        until: UnixTime? = nil,
        principal: String? = nil,
        reason: String = "",
        lifted: UnixTime? = nil
    ) {
        self.id = id
        self.scope = scope
        self.made = made
        self.until = until
        self.principal = principal
        self.reason = reason
        self.lifted = lifted
    }

    /// Whether it counts at a moment.
    package func isInForce(at now: UnixTime) -> Bool { lifted == nil && until.map { now < $0 } ?? true }

    /// Whether it is about a run, were it in force.
    package func isAbout(_ run: Run) -> Bool {
        switch scope {
        case .run(let id): run.id == id
        case .project(let pattern): pattern.matches(run.attestation[.project] ?? "")
        case .key: false
        case .since(let moment): run.registered >= moment && run.registered <= made
        }
    }
}

extension Revocation.Scope: CustomStringConvertible {
    /// The word under which answers and stores have the kind of scope.
    package var kind: String {
        switch self {
        case .run: "run"
        case .project: "project"
        case .key: "kid"
        case .since: "since"
        }
    }

    /// Which one of its kind, as it is written in requests.
    package var value: String {
        switch self {
        case .run(let id): id
        case .project(let pattern): pattern.description
        case .key(let kid): kid
        case .since(let moment): RFC3339.format(moment)
        }
    }

    /// What is shut out, in words.
    package var description: String {
        switch self {
        case .run(let id): "run \(id)"
        case .project(let pattern): "project \(pattern)"
        case .key(let kid): "key \(kid)"
        case .since(let moment): "every run registered since \(RFC3339.format(moment))"
        }
    }

    /// Reads a scope back; nil where it is none.
    package init?(kind: String, value: String) {
        switch kind {
        case "run" where !value.isEmpty: self = .run(value)
        case "project":
            guard let pattern = try? Pattern(value) else { return nil }
            self = .project(pattern)
        case "kid" where !value.isEmpty: self = .key(value)
        case "since":
            guard let moment = try? RFC3339.parse(value) else { return nil }
            self = .since(moment)
        default: return nil
        }
    }
}
