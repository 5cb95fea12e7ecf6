internal import Claims
internal import Crypto
internal import HTTP
internal import PKCS11
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
        let kept = section.has("place") ? section.choice("place", of: KeyPlaceSetting.self) ?? .files : .files
        let token = section.keyToken(kept, files: &files)
        guard let directory, let algorithms else { return nil }
        return KeySettings(
            directory: files.add(.keyDirectory, path(directory.value), place: place(of: directory)),
            place: kept,
            token: token,
            algorithms: algorithms,
            rotateAfter: rotateAfter,
            cacheTime: cacheTime,
            mirrors: section.has("mirrors") ? section.mirrors() : [],
            authorities: section.text("ca").map { files.add(.readable, path($0.value), place: place(of: $0)) }
        )
    }

    /// `keys.pkcs11`.
    private func keyToken(_ place: KeyPlaceSetting, files: inout FileSettings) -> KeyTokenSettings? {
        let example =
            "{module: /usr/lib/softhsm/libsofthsm2.so, token: \"pkcs11:token=jobpass\", pin_file: /etc/jobpass/pin}"
        guard let section = section("pkcs11", Keys(["module", "token", "pin_file"])) else {
            if place == .pkcs11, !has("pkcs11") {
                refuse(
                    "place",
                    "the keys are to be in a token, and nothing says which",
                    fix: "write pkcs11: \(example)"
                )
            }
            return nil
        }
        if place == .files {
            refuse("pkcs11", "the keys are in files, and no token is used", fix: "write place: pkcs11, or remove this")
        }
        let module = section.text(required: "module", example: "/usr/lib/softhsm/libsofthsm2.so")
        let pin = section.text(required: "pin_file", example: "/etc/jobpass/pin")
        guard let uri = section.text(required: "token", example: "pkcs11:token=jobpass"), let module, let pin else {
            return nil
        }
        guard module.value.hasPrefix("/") else {
            section.refuse("module", "'\(module.value)' is no absolute path", fix: "write where the library is")
            return nil
        }
        guard let name = TokenName(uri.value) else {
            section.refuse(
                "token",
                "the value names no token, or more than a token",
                fix:
                    "write a URI such as \"pkcs11:token=jobpass\", without PIN and module, which have keys of their own"
            )
            return nil
        }
        return KeyTokenSettings(
            token: PKCS11Token.Settings(
                module: files.add(.library, module.value, place: self.place(of: module)),
                token: name
            ),
            pinFile: files.add(.secret, path(pin.value), place: self.place(of: pin))
        )
    }

    private static let keyKeys = [
        "directory", "place", "pkcs11", "algorithms", "rotate_after", "cache_time", "mirrors", "ca",
    ]

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
