internal import Configuration
internal import Policy
internal import Trust

/// A policy in a file: a cloud's, or the rules of one entry of a configuration of Jobpass's own.
struct PolicyFile {
    let path: String
    let policy: any TrustPolicy

    static let kind = Option.value(
        "kind",
        "KIND",
        "what kind of policy it is; by default what its members say",
        kind: .choice(PolicyKind.allCases.map(\.rawValue))
    )
    static let target = Option.value("target", "TARGET", "of a Jobpass configuration: the rules of this target")
    static let audience = Option.value("audience", "AUDIENCE", "of a Jobpass configuration: the rules of this audience")
    static let context = Option.value("context", "CONTEXT", "of a Jobpass configuration: the rules of this context")
    static let options = [kind, target, audience, context]

    /// Reads the policies of a file: one of a cloud; of a configuration the entry that is named, or else all.
    ///
    /// - Throws: `CommandError` with exit code 65, or 78 where it is a configuration that is none.
    static func read(_ path: String, _ invocation: Invocation) throws -> [PolicyFile] {
        let bytes = try LocalFile.read(path, limit: PolicyReader.maximumBytes)
        let named: PolicyKind? = try invocation[kind].map { try invocation.choice($0) }
        do throws(TrustError) {
            let detected = try PolicyReader.detect(bytes)
            if (named ?? detected) != .own {
                return [PolicyFile(path: path, policy: try PolicyReader.read(bytes, kind: named))]
            }
        } catch {
            let place = error.place.map { ":\($0)" } ?? ""
            throw CommandError(.badData, "\(path)\(place): \(error.reason)", advice: error.fix)
        }
        return try own(path, invocation)
    }

    private static func own(_ path: String, _ invocation: Invocation) throws -> [PolicyFile] {
        let settings = try ConfigurationFile(path: path).settings
        let wanted = [(target, "target"), (audience, "audience"), (context, "context")].compactMap { option, word in
            invocation[option].map { "\(word) '\($0)'" }
        }
        let entries = settings.policy.entries.filter { wanted.isEmpty || wanted.contains($0.name) }
        guard !entries.isEmpty else {
            let known = settings.policy.entries.map(\.name).joined(separator: ", ")
            throw CommandError(.badData, "\(path) has no \(wanted.joined(separator: ", "))", advice: "it has \(known)")
        }
        return entries.map { PolicyFile(path: path, policy: OwnRules($0.name, $0.rules)) }
    }
}
