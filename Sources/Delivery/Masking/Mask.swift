package import Crypto
internal import Encoding
package import Text

/// What is looked for in a child's output, and by what it is replaced.
///
/// It keeps the secrets in plain memory for as long as the child runs: whoever may read this program's memory may read the
/// child's as well, which has them all.
package struct Mask: Sendable {
    /// What stands in the output where a secret stood.
    package static let replacement = Array("***".utf8)

    /// The most bytes of all secrets, each of which is looked for in a dozen forms.
    private static let limit = 160 << 10

    package let matcher: ByteMatcher
    /// Variables whose values are too short to be looked for.
    package let tooShort: [String]

    /// Makes the mask of some secrets.
    ///
    /// - Throws: `DeliveryError` with code `mask` where they are too many to be looked for.
    package init(_ secrets: MaskedSecrets) throws(DeliveryError) {
        let bytes = secrets.all.reduce(0) { $0 + $1.count }
        guard bytes <= Self.limit else {
            throw DeliveryError(
                .mask,
                "the secrets are too large to be looked for in output: \(bytes) bytes, at most \(Self.limit)"
            )
        }
        var forms: Set<[UInt8]> = []
        for secret in secrets.all { forms.formUnion(SecretForms.all(of: secret)) }
        do throws(TextError) {
            matcher = try ByteMatcher(Array(forms), passingOver: Array("\r\n".utf8))
        } catch {
            throw DeliveryError(.mask, "the secrets have too many forms to be looked for in output: \(error)")
        }
        tooShort = secrets.tooShort
    }
}

/// The secrets that a child was given so far, and those that it may still print after they were renewed.
package struct MaskedSecrets: Sendable {
    /// How many generations of one source are looked for: what is older has expired.
    private static let generations = 4

    private var sources: [String: [[[UInt8]]]] = [:]
    /// Variables whose values are too short to be looked for, sorted.
    package private(set) var tooShort: [String] = []

    /// Makes a collection without secrets.
    package init() {}

    /// Adds a target's credential; what the target gave before stays for some generations.
    package mutating func add(_ credential: borrowing CredentialAnswer) {
        add("target \(credential.target)", credential.environment, except: credential.plainVariables)
    }

    /// Adds a context's secrets.
    package mutating func add(_ context: borrowing ContextAnswer) { add("context \(context.context)", context.values) }

    /// Adds a source's secrets, but for variables whose values are no secrets.
    package mutating func add(_ source: String, _ secrets: borrowing NamedSecrets, except plain: Set<String> = []) {
        var values: [[UInt8]] = []
        // By bytes: a value that is no text reaches the child in base64, and may leave it as it is.
        secrets.withEach { name, bytes in
            let secret = [UInt8](copying: bytes)
            guard !plain.contains(name.text), !secret.isEmpty else { return }
            if secret.count(where: { !SecretForms.isLineBreak($0) }) < SecretForms.leastBytes {
                if !tooShort.contains(name.text) { tooShort = (tooShort + [name.text]).sorted() }
            } else {
                values.append(secret)
            }
        }
        add(source, values)
    }

    /// Adds texts of a source.
    package mutating func add(_ source: String, _ values: [[UInt8]]) {
        let known = sources[source] ?? []
        guard known.last != values else { return }
        sources[source] = Array((known + [values]).suffix(Self.generations))
    }

    var all: [[UInt8]] { sources.values.flatMap { $0.flatMap(\.self) } }
}
