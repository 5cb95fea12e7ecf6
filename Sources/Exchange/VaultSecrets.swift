internal import Crypto
internal import Encoding
internal import JSON
internal import Time

/// What the reads of a target brought so far.
struct VaultSecrets: ~Copyable {
    private var variables = NamedSecrets()
    /// When the first of the leases ends; nil where there is none that does.
    private(set) var expires: UnixTime?
    /// Each read without its values: the path, and its lease.
    private(set) var details: [JSON] = []

    /// The most bytes that a field may have.
    private static let fieldLimit = 65_536

    /// Takes the fields out of an answer.
    ///
    /// - Throws: `ExchangeFailure` where the secret lacks a field, or the answer is not one of Vault's.
    mutating func add(_ answer: CloudAnswer, of read: VaultRead) throws(ExchangeFailure) {
        let members = try CloudJSON.object(in: answer.response, of: "vault")
        guard var data = members["data"]?.asObject else {
            throw .broken("vault", "no data in the answer of \(read.path)")
        }
        var detail: JSONObject = ["path": .string(read.path)]
        // KV version 2 wraps a secret's fields in one more object, beside what it tells of the version.
        if data.members.count == 2, let inner = data["data"]?.asObject, let metadata = data["metadata"]?.asObject {
            data = inner
            detail["version"] = metadata["version"]
        }
        for field in read.fields {
            guard let value = data[field.name] else { throw Self.missing(field.name, in: data, of: read) }
            variables.append(field.variable, text: try Self.text(value, of: field.name, in: read))
        }
        try addLease(members, answer, to: &detail)
        details.append(.object(detail))
    }

    private mutating func addLease(
        _ members: JSONObject,
        _ answer: CloudAnswer,
        to detail: inout JSONObject
    ) throws(ExchangeFailure) {
        // KV version 1 tells a duration too, with no lease behind it: nothing ends there.
        guard let lease = members["lease_id"]?.asString, !lease.isEmpty else { return }
        guard let seconds = members["lease_duration"]?.asInteger, (0...CloudJSON.longestLife).contains(seconds) else {
            throw .broken("vault", "lease_duration is no number of seconds")
        }
        detail["lease_id"] = .string(CloudText.line(lease))
        detail["lease_duration"] = .integer(seconds)
        detail["renewable"] = members["renewable"]?.asBool.map { .bool($0) }
        guard seconds > 0 else { return }
        let end = answer.asked + .seconds(seconds)
        expires = expires.map { min($0, end) } ?? end
    }

    /// The variables in order, once all reads are done.
    consuming func takeVariables() -> NamedSecrets { variables }

    /// A field as a variable carries it: text as it is, lists of texts as lines (certificate chains are), else JSON.
    private static func text(_ value: JSON, of name: String, in read: VaultRead) throws(ExchangeFailure) -> String {
        let text: String
        if let plain = value.asString {
            text = plain
        } else if let lines = value.asArray?.map(\.asString), !lines.isEmpty, lines.allSatisfy({ $0 != nil }) {
            text = lines.compactMap(\.self).joined(separator: "\n")
        } else {
            text = value.text
        }
        guard text.utf8.count <= fieldLimit, !text.utf8.contains(0) else {
            throw ExchangeFailure(
                .misconfigured,
                code: "field",
                message:
                    "field '\(name)' of \(read.path) has \(text.utf8.count) bytes or a NUL among them; an environment "
                    + "variable carries at most \(fieldLimit), and none that is NUL"
            )
        }
        return text
    }

    /// A field that the secret lacks, with the names of those that it has.
    private static func missing(_ name: String, in data: JSONObject, of read: VaultRead) -> ExchangeFailure {
        let names = data.members.prefix(16).map { "'\($0.name)'" }.joined(separator: ", ")
        return ExchangeFailure(
            .misconfigured,
            code: "field",
            message: "\(read.path) has no field '\(name)'; it has \(names.isEmpty ? "none" : names)"
        )
    }
}
