import Configuration
import Federation
import JSON
import POSIX
import Support
import Testing

/// A CI system's tokens and discovery document, and what is to become of some of them.
struct SystemVector: Sendable, CustomTestStringConvertible {
    let name: String
    let json: JSON

    /// One change to the system's token and what comes of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let system: SystemVector
        let json: JSON
        var testDescription: String { "\(system.name): \(json["name"]?.asString ?? "")" }
    }

    var testDescription: String { name }

    static let names = [
        "any", "azure-devops", "bitbucket", "buildkite", "circleci-v1", "circleci-v2", "github", "github-immutable",
        "gitlab", "kubernetes",
    ]

    /// Every system of the folder, whose members are all known.
    static func all() throws -> [SystemVector] {
        try names.map { name in
            let path = "\(#filePath.dropLast("SystemVector.swift".count))Vectors/\(name).json"
            let json = try JSON.parse(try Files.read(path, limit: 1 << 20))
            let members = try #require(json.asObject).members.map(\.name)
            try #require(Set(members).isSubset(of: known), "\(name)")
            return SystemVector(name: name, json: json)
        }
    }

    private static let known: Set<String> = [
        "source", "configuration", "discovery", "header", "claims", "lifetime", "backdated", "expect", "cases",
    ]

    static func cases() throws -> [Case] {
        try all().flatMap { system in
            try #require(system.json["cases"]?.asArray).map { Case(system: system, json: $0) }
        }
    }

    /// The entry of `federation` that the vector writes, as a whole configuration reads it.
    func issuers() throws -> [UpstreamIssuer] {
        try Self.issuers(try #require(json["configuration"]?.asString))
    }

    static func issuers(_ entry: String) throws -> [UpstreamIssuer] {
        try settings(entry).federation
    }

    static func settings(_ entry: String) throws -> Settings {
        let lines = entry.split(separator: "\n").enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
        let text = """
            issuer: https://ci.example.com
            store: sqlite:jobpass.db
            keys: {directory: keys}
            federation:
            \(lines.joined(separator: "\n"))

            """
        return try Configuration.parse(Array(text.utf8), file: "/test/jobpass.yaml")
    }
}
