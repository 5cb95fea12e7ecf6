package import JSON

/// One step of the path and what was found there.
package struct Check: Equatable, Sendable {
    /// How a step turned out.
    package enum Verdict: String, CaseIterable, Sendable {
        case passed
        /// It works, and will not for ever or not everywhere.
        case warning
        case failed
        /// It could not be looked at, because of an earlier step or because it does not apply.
        case skipped
    }

    /// What was looked at: a fixed name, by which scripts find the check.
    package let name: String
    /// Where: a URL, a host, a target, a file.
    package let place: String
    package let verdict: Verdict
    package let seen: String
    /// What was wanted instead; empty where it was seen.
    package let wanted: String
    /// The next step; empty where none is needed.
    package let fix: String

    private init(_ name: String, _ place: String, _ verdict: Verdict, _ seen: String, _ wanted: String, _ fix: String) {
        self.name = name
        self.place = place
        self.verdict = verdict
        self.seen = seen
        self.wanted = wanted
        self.fix = fix
    }

    /// A step that is as it should be.
    package static func passed(_ name: String, _ place: String, seen: String) -> Check {
        Check(name, place, .passed, seen, "", "")
    }

    /// A step that is not as it should be, with what mends it.
    package static func failed(
        _ name: String,
        _ place: String,
        seen: String,
        wanted: String,
        fix: String
    ) -> Check {
        Check(name, place, .failed, seen, wanted, fix)
    }

    /// A step that works, though not for ever or not everywhere.
    package static func warning(
        _ name: String,
        _ place: String,
        seen: String,
        wanted: String,
        fix: String
    ) -> Check {
        Check(name, place, .warning, seen, wanted, fix)
    }

    /// A step that was not looked at, and why.
    package static func skipped(_ name: String, _ place: String, because reason: String) -> Check {
        Check(name, place, .skipped, reason, "", "")
    }

    /// The check under the names that scripts read.
    package var json: JSON {
        var members: JSONObject = [
            "name": .string(name), "place": .string(place), "verdict": .string(verdict.rawValue),
            "seen": .string(seen),
        ]
        if !wanted.isEmpty { members["wanted"] = .string(wanted) }
        if !fix.isEmpty { members["fix"] = .string(fix) }
        return .object(members)
    }
}

extension [Check] {
    /// The worst verdict of all.
    package var verdict: Check.Verdict {
        if contains(where: { $0.verdict == .failed }) { return .failed }
        return contains { $0.verdict == .warning } ? .warning : .passed
    }
}
