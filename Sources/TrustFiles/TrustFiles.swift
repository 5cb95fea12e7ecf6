package import Claims
package import Exchange
package import Policy

/// TrustFiles owns the cloud's side of a target as files: the provider that trusts the issuer, the role or credential with
/// conditions as tight as the target's own rules, and what to run.
///
/// It is a pure function of a configured target and its issuer: the same input gives the same bytes, so that a difference is
/// a difference of the rules. A condition says in a comment which rule it comes from; what a cloud cannot compare is told
/// rather than left out in silence, and what it cannot hold at all is refused.
///
/// AWS IAM policy grammar, CEL (Google Cloud, Kubernetes), Entra federated identity credentials, the JWT auth method of
/// OpenBao and Vault, the `AuthenticationConfiguration` of Kubernetes.
package struct TrustFiles: Sendable {
    /// What is to be written.
    package enum Format: String, CaseIterable, Sendable {
        case terraform
        case opentofu
        case cloudFormation = "cloudformation"
        case awsCLI = "aws-cli"
        case gcloud
        case az
        case bao
        case kubernetes
        case pulumi

        /// The formats that can serve a type of target.
        package static func serving(_ type: TargetType) -> [Format] {
            switch type {
            case .aws: [.terraform, .opentofu, .cloudFormation, .awsCLI, .pulumi]
            case .gcp: [.terraform, .opentofu, .gcloud, .pulumi]
            case .azure: [.terraform, .opentofu, .az, .pulumi]
            case .vault: [.terraform, .opentofu, .bao, .pulumi]
            // A Kubernetes API server takes the ID token itself.
            case .none: [.kubernetes]
            case .tokenExchange, .recipe: []
            }
        }
    }

    /// One file.
    package struct File: Equatable, Sendable {
        package let name: String
        package let text: String
        /// Whether it is a script, to be run.
        package let isScript: Bool

        init(_ name: String, _ text: String, isScript: Bool = false) {
            self.name = name
            self.text = text
            self.isScript = isScript
        }
    }

    /// Why there is no such file.
    package struct Refusal: Error, Equatable, Sendable {
        package let reason: String
        package let fix: String

        init(_ reason: String, fix: String) {
            self.reason = reason
            self.fix = fix
        }
    }

    let side: CloudSide

    /// The issuers of a broker: which speak of a rule's runs, from which URL, and in which form.
    package struct Issuers: Sendable {
        let own: String
        private let paths: [String: String]
        private let voices: Voices

        /// Takes the URL of the broker's own issuer, and the paths of the further ones by their names.
        package init(own: String, paths: [String: String] = [:], voices: Voices = .standard) {
            self.own = own
            self.paths = paths
            self.voices = voices
        }

        /// Each issuer that speaks of runs which a rule allows, with its forms; `forms` come beside those.
        ///
        /// One that is shut speaks no more. The name is nil where all of the runs are the broker's own issuer's.
        func speaking(
            of rule: Rule,
            _ tokens: TokenRule,
            forms: [SubjectFormat]
        ) -> [(name: String?, url: String, formats: [SubjectFormat])] {
            var found: [(name: String?, url: String, formats: [SubjectFormat])] = []
            for voice in voices.voices(of: rule) where !voice.isShut {
                let url = voice.issuer.flatMap { paths[$0] }.map { "\(own)/\($0)" } ?? own
                let format = tokens.subject ?? voice.subject
                if let index = found.firstIndex(where: { $0.url == url }) {
                    if !found[index].formats.contains(format) { found[index].formats.append(format) }
                } else {
                    found.append((voice.issuer, url, [format]))
                }
            }
            return found.map { item in
                (item.name, item.url, item.formats + forms.filter { !item.formats.contains($0) })
            }
        }
    }

    /// Takes a target with its rule, the broker's issuers, and the targets whose trust is in the same place at the cloud.
    ///
    /// `forms` are forms of `sub` that the cloud is to let in beside those that tokens have: another that is on its way, or was.
    ///
    /// - Throws: `Refusal` where the rules have more subjects than any policy holds.
    package init(
        _ target: Target,
        _ rule: TokenRule,
        issuers: Issuers,
        siblings: [(target: Target, rule: TokenRule)] = [],
        forms: [SubjectFormat] = []
    ) throws(Refusal) {
        side = try CloudSide(target, rule, issuers: issuers, siblings: siblings, forms: forms)
    }

    /// The forms of `sub` that a rule's runs have in a format, as AWS writes patterns; nil where they are too many to be listed.
    package static func subjects(of rule: Rule, in format: SubjectFormat, limit: SubjectLimit) -> [String]? {
        SubjectShape.shapes(of: rule, format, most: 64)?.map { shape in
            guard let plain = shape.exact, plain.utf8.count > limit.bytes, format.allowsDigest else {
                return shape.glob()
            }
            return Subject(digestOf: plain).text
        }
    }

    /// Every `sub` that the cloud's side lets in, as AWS writes patterns; for a person.
    package var subjects: [String] {
        var subjects: [String] = []
        for shape in side.rules.flatMap(\.subjects) where !subjects.contains(shape.glob()) {
            subjects.append(shape.glob())
        }
        return subjects
    }

    /// The files in a format.
    ///
    /// - Throws: `Refusal` where the format cannot serve the target's type, or the cloud cannot hold the rules.
    package func files(_ format: Format) throws(Refusal) -> [File] {
        let serving = Format.serving(side.target.type)
        guard serving.contains(format) else {
            let type = side.target.type.rawValue
            throw Refusal(
                "\(format.rawValue) cannot serve a target of type \(type)",
                fix: serving.isEmpty
                    ? "the other side of \(type) is set up by its own means; 'jobpass token --format claims' shows what it gets"
                    : "write --format \(serving.map(\.rawValue).joined(separator: ", or "))"
            )
        }
        switch side.target.service {
        case .aws(let aws): return try AWSTrust(side, aws).files(format)
        case .gcp(let gcp): return try GCPTrust(side, gcp).files(format)
        case .azure(let azure): return try AzureTrust(side, azure).files(format)
        case .vault(let vault): return try VaultTrust(side, vault).files(format)
        case .none: return try KubernetesTrust(side).files()
        case .tokenExchange, .recipe: return []
        }
    }

    /// What is true of the rules and cannot be said to the cloud, or needs a second look; for a person.
    package func notes() -> [String] { side.notes }
}
