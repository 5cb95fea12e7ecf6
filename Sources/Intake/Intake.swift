package import Encoding
package import Time

/// Intake owns the way out of the places where secrets are kept before: it reads `.env` files, JSON, and the listings of GitHub,
/// GitLab and CircleCI-Env-Inspector, as names with values or, where a place gives no values away, as names alone.
///
/// It stores nothing and asks nobody. What two readers of such a file could understand differently is an error with its line
/// rather than a guess: a secret that is wrong by one character is found out when a job fails. No message quotes a value.
package struct IntakeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong with one place of a file.
    package struct Problem: Equatable, Sendable {
        /// From 1; nil where it is about the file.
        package let line: Int?
        /// What was seen and what to do, without a value.
        package let reason: String

        /// Makes a problem.
        package init(line: Int? = nil, _ reason: String) {
            self.line = line
            self.reason = reason
        }
    }

    /// At least one, in the order of the file.
    package let problems: [Problem]

    /// Makes an error of what was found.
    package init(_ problems: [Problem]) { self.problems = problems }

    /// Makes an error of one thing about the file.
    package init(_ reason: String) { self.init([Problem(reason)]) }

    /// One line for each problem.
    package var description: String {
        problems.map { problem in problem.line.map { "line \($0): \(problem.reason)" } ?? problem.reason }
            .joined(separator: "\n")
    }
}

/// What a file says about secrets.
package struct Listing: Equatable, Sendable {
    /// A name with its value.
    package struct Value: Equatable, Sendable {
        package let name: EnvironmentName
        package let bytes: [UInt8]

        /// Makes a value.
        package init(_ name: EnvironmentName, _ bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// A name that is kept elsewhere, in a place that does not give its value away.
    package struct Item: Equatable, Sendable {
        /// The context, project or repository there.
        package let place: String
        package let name: String
        package let created: UnixTime?
        package let updated: UnixTime?

        /// Makes an item.
        package init(place: String, name: String, created: UnixTime? = nil, updated: UnixTime? = nil) {
            self.place = place
            self.name = name
            self.created = created
            self.updated = updated
        }
    }

    /// In the order of the file; each name once, none empty.
    package var values: [Value] = []
    package var elsewhere: [Item] = []
    /// What a person should know, such as names that were left out because their values are empty.
    package var notes: [String] = []

    /// Makes an empty listing.
    package init() {}
}

/// How a file is read.
package struct IntakeOptions: Equatable, Sendable {
    /// What becomes of `${NAME}` in a `.env` file.
    package enum Interpolation: String, CaseIterable, Sendable {
        /// An error: the file does not say whether it is to be expanded.
        case refuse
        /// The characters as they stand.
        case literal
        /// The value of NAME further up in the file, or what stands behind `:-`.
        case expand
    }

    package var interpolation = Interpolation.refuse
    /// Of GitLab's variables, those of this `environment_scope`, or of `*` where it has none of the name.
    package var scope: String?
    /// What a place is called whose listing does not name it.
    package var place: String?

    /// Makes the standard options.
    package init() {}
}

/// The forms in which secrets come.
package enum IntakeFormat: String, CaseIterable, Sendable {
    case dotenv
    /// One object of names and texts.
    case json
    /// `gh secret list --json …`, `gh variable list --json …`, or the same of its REST interface.
    case github
    /// `GET /projects/ID/variables` of GitLab.
    case gitlab
    /// The report of CircleCI-Env-Inspector.
    case circleci

    /// Reads a file.
    ///
    /// - Throws: `IntakeError` with everything that is wrong.
    package func read(_ bytes: [UInt8], _ options: IntakeOptions) throws(IntakeError) -> Listing {
        switch self {
        case .dotenv: try Dotenv(bytes).listing(options)
        case .json: try JSONListing(bytes).plain()
        case .github: try JSONListing(bytes).github(options)
        case .gitlab: try JSONListing(bytes).gitlab(options)
        case .circleci: try JSONListing(bytes).circleci()
        }
    }

    /// The form that a file has, by its first character and what is in it.
    ///
    /// - Throws: `IntakeError` where it begins as JSON and is none, or none of these.
    package static func guess(_ bytes: [UInt8]) throws(IntakeError) -> IntakeFormat {
        let start = bytes.drop { [0xEF, 0xBB, 0xBF, 0x20, 0x09, 0x0A, 0x0D].contains($0) }.first
        guard start == UInt8(ascii: "{") || start == UInt8(ascii: "[") else { return .dotenv }
        return try JSONListing(bytes).format()
    }
}
