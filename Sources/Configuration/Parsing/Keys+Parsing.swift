internal import Claims
internal import Crypto
internal import HTTP
internal import Time

/// `keys` and `token`.
extension Section {
    func keySettings(files: inout FileSettings) -> KeySettings? {
        requireKey("keys", example: "{directory: /var/lib/jobpass/keys}")
        guard let section = section("keys", Keys(Self.keyKeys)) else { return nil }
        let directory = section.text(required: "directory", example: "/var/lib/jobpass/keys")
        let algorithms = section.algorithms()
        let rotateAfter = section.duration("rotate_after", .seconds(86_400)...(.seconds(3_650 * 86_400)))
        let cacheTime = section.duration("cache_time", .seconds(1)...(.seconds(86_400))) ?? .seconds(300)
        if let rotateAfter, rotateAfter < cacheTime * 2 {
            section.refuse(
                "rotate_after",
                "\(rotateAfter.text) is less than two cache times of \(cacheTime.text)",
                fix: "write a longer one: a new key waits for a cache time before it signs"
            )
        }
        guard let directory, let algorithms else { return nil }
        return KeySettings(
            directory: files.add(.keyDirectory, path(directory.value), place: place(of: directory)),
            place: section.has("place") ? section.choice("place", of: KeyPlaceSetting.self) ?? .files : .files,
            algorithms: algorithms,
            rotateAfter: rotateAfter,
            cacheTime: cacheTime,
            mirrors: section.has("mirrors") ? section.mirrors() : [],
            authorities: section.text("ca").map { files.add(.readable, path($0.value), place: place(of: $0)) }
        )
    }

    private static let keyKeys = ["directory", "place", "algorithms", "rotate_after", "cache_time", "mirrors", "ca"]

    func mirrors() -> [String] {
        (texts("mirrors", limit: 16) ?? []).compactMap { text in
            guard let address = WebAddress(text.value), address.query == nil, address.isSecure || address.isLoopback,
                !text.value.contains("/.well-known")
            else {
                problems.error(
                    at: text.mark,
                    text.key,
                    "'\(text.value)' is no place of a copy",
                    fix: "write an https URL without /.well-known/…, such as https://keys.example.com"
                )
                return nil
            }
            return text.value
        }
    }

    static let tokenKeys = ["lifetime", "maximum_lifetime", "untrusted_lifetime", "subject", "subjects"]

    func tokenSettings(_ reader: RuleReader) -> TokenSettings {
        let section = section("token", Keys(Self.tokenKeys))
        let maximum =
            section?.duration("maximum_lifetime", TokenShapes.shortest...(.seconds(86_400))) ?? .seconds(3_600)
        let lifetime = section?.duration("lifetime", TokenShapes.shortest...(.seconds(86_400)))
        if let section, let lifetime, lifetime > maximum {
            section.refuse(
                "lifetime",
                "\(lifetime.text) is longer than the maximum_lifetime of \(maximum.text)",
                fix: "make it shorter, or raise maximum_lifetime"
            )
        }
        let untrusted = section?.duration("untrusted_lifetime", TokenShapes.shortest...(.seconds(86_400)))
        if let section, let untrusted, untrusted > maximum {
            section.refuse(
                "untrusted_lifetime",
                "\(untrusted.text) is longer than the maximum_lifetime of \(maximum.text)",
                fix: "make it shorter: a stranger's token is to live no longer than others"
            )
        }
        return TokenSettings(
            lifetime: lifetime ?? min(.seconds(300), maximum),
            maximumLifetime: maximum,
            untrustedLifetime: untrusted ?? min(.seconds(120), maximum),
            subject: section.flatMap { reader.subject($0) } ?? .standard,
            projectSubjects: section?.projectSubjects(reader) ?? []
        )
    }

    private func algorithms() -> [SignatureAlgorithm]? {
        guard has("algorithms") else { return [.rs256, .es256] }
        guard let texts = texts("algorithms") else { return nil }
        let algorithms = texts.compactMap { signingAlgorithm($0) }
        return algorithms.count == texts.count ? algorithms : nil
    }

    /// An algorithm that this program signs with.
    func signingAlgorithm(_ text: Located<String>) -> SignatureAlgorithm? {
        guard let algorithm = choice(text, of: SigningAlgorithm.self, noun: "algorithm that tokens can be signed with")
        else { return nil }
        return algorithm.known
    }
}

/// The algorithms that configuration may name: those that this program signs with, and not all that it verifies.
private struct SigningAlgorithm: RawRepresentable, CaseIterable {
    static let allCases = SignatureAlgorithm.allCases.filter(\.canSign).map { SigningAlgorithm(known: $0) }

    let known: SignatureAlgorithm

    var rawValue: String { known.rawValue }

    init(known: SignatureAlgorithm) { self.known = known }

    init?(rawValue: String) {
        guard let known = SignatureAlgorithm(rawValue: rawValue), known.canSign else { return nil }
        self.known = known
    }
}
