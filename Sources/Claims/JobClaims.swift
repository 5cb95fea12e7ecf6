internal import Runs
internal import Text

/// What a job says of itself: attested by nobody, so it stands under one name of its own in a token and no rule reads it.
package struct JobClaims: Equatable, Sendable {
    /// How many one token may have.
    package static let maximumCount = 16
    /// The longest name, in bytes.
    package static let maximumName = 64
    /// The longest value, in bytes.
    package static let maximumValue = 256

    /// What a job says that says nothing.
    package static let none = JobClaims(members: [])

    /// The claims, in the order in which the job gave them.
    package let members: [(name: String, value: String)]

    /// Whether the job says nothing.
    package var isEmpty: Bool { members.isEmpty }

    private init(members: [(name: String, value: String)]) { self.members = members }

    /// Reads what a job sent: texts of the form `NAME=VALUE`, each name once.
    ///
    /// - Throws: `JobClaimError`.
    package init(_ texts: [String]) throws(JobClaimError) {
        guard texts.count <= Self.maximumCount else {
            throw JobClaimError(seen: "\(texts.count) claims", wanted: "at most \(Self.maximumCount)")
        }
        var members: [(name: String, value: String)] = []
        for text in texts {
            guard let sign = text.firstIndex(of: "=") else {
                throw JobClaimError(seen: "'\(Self.shown(text))'", wanted: "NAME=VALUE")
            }
            let name = String(text[..<sign])
            let value = String(text[text.index(after: sign)...])
            if let problem = Self.problem(ofName: name) {
                throw JobClaimError(seen: "the name '\(Self.shown(name))'", wanted: problem)
            }
            guard (1...Self.maximumValue).contains(value.utf8.count) else {
                throw JobClaimError(
                    seen: "'\(name)' with \(value.utf8.count) bytes",
                    wanted: "1 to \(Self.maximumValue) bytes"
                )
            }
            if let scalar = value.firstInvisibleScalar {
                throw JobClaimError(seen: "'\(name)' with the character \(scalar.codePoint)", wanted: "visible text")
            }
            guard !members.contains(where: { $0.name.isSameBytes(as: name) }) else {
                throw JobClaimError(seen: "'\(name)' twice", wanted: "it once")
            }
            members.append((name, value))
        }
        self.init(members: members)
    }

    /// What is wrong with a name that a job could choose, as what would be right; nil where nothing is.
    package static func problem(ofName name: String) -> String? {
        guard Claim.canHaveName(name), name.utf8.count <= maximumName, !name.contains("=") else {
            return "a name of 1 to \(maximumName) visible ASCII characters without quotes, backslash and ="
        }
        return ReservedClaims.reason(for: name).map { "another one, because \($0)" }
    }

    /// A stranger's text as an error may quote it.
    private static func shown(_ text: String) -> String { String(text.unicodeScalars.prefix(64)).madeVisible }

    package static func == (left: JobClaims, right: JobClaims) -> Bool {
        left.members.elementsEqual(right.members) { $0 == $1 }
    }
}

/// Why a job cannot say something of itself.
package struct JobClaimError: Error, Equatable, Sendable, CustomStringConvertible {
    package let seen: String
    package let wanted: String

    package var description: String { "claim: saw \(seen), wanted \(wanted)" }
}
