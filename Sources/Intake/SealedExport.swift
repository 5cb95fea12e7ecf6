package import Crypto
internal import Encoding
internal import JSON
package import Time

/// Every secret of some contexts in one file that a passphrase opens: for leaving, or for moving to another broker.
///
/// | bytes | meaning |
/// | --- | --- |
/// | 18 | `jobpass-export-v1` and a line end |
/// | 3 | scrypt's log2 N, r and p |
/// | 16 | salt, random |
/// | 12 + n + 16 | nonce, ciphertext and tag of AES-256-GCM, over these and all bytes before them |
///
/// The text inside is `{"exported_at", "contexts": {CONTEXT: {NAME: VALUE}}}`, a value that is no text as `{"base64": …}`.
package struct SealedExport: Equatable, Sendable {
    /// One context with its values.
    package struct Context: Equatable, Sendable {
        package let name: String
        package let values: [Listing.Value]

        /// Makes a context.
        package init(name: String, values: [Listing.Value]) {
            self.name = name
            self.values = values
        }
    }

    /// The least bytes of a passphrase.
    package static let shortestPassphrase = 12

    private static let magic = Array("jobpass-export-v1\n".utf8)
    private static let saltLength = 16
    private static var headerLength: Int { magic.count + 3 + saltLength }

    package let exported: UnixTime
    package let contexts: [Context]

    /// Makes an export of what was read.
    package init(exported: UnixTime, contexts: [Context]) {
        self.exported = exported
        self.contexts = contexts
    }

    /// Whether a file begins as one of these.
    package static func isOne(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

    /// The file.
    ///
    /// - Throws: `IntakeError` where the passphrase is too short or OpenSSL fails.
    package func sealed(by passphrase: borrowing SecretBytes) throws(IntakeError) -> [UInt8] {
        try Self.check(passphrase)
        let cost = PassphraseCost.standard
        let header = Self.magic + [cost.logN, cost.r, cost.p] + Entropy.bytes(Self.saltLength)
        var text = json.serialized()
        let content = SecretBytes(consuming: &text)
        do throws(CryptoError) {
            let key = try cost.key(of: passphrase, salt: Array(header.suffix(Self.saltLength)))
            return header + (try AESGCM.seal(content, key: key, associatedData: header))
        } catch {
            throw IntakeError("the export could not be sealed: \(error.detail)")
        }
    }

    /// Opens a file.
    ///
    /// - Throws: `IntakeError` where it is none, was changed, or the passphrase is another.
    package init(opening bytes: [UInt8], with passphrase: borrowing SecretBytes) throws(IntakeError) {
        let header = Array(bytes.prefix(Self.headerLength))
        guard Self.isOne(bytes), header.count == Self.headerLength,
            let cost = PassphraseCost(
                checking: header[Self.magic.count],
                r: header[Self.magic.count + 1],
                p: header[Self.magic.count + 2]
            )
        else { throw IntakeError("this is no export of 'jobpass secret export'") }
        let opened: JSON?
        do throws(CryptoError) {
            let key = try cost.key(of: passphrase, salt: Array(header.suffix(Self.saltLength)))
            let content = try AESGCM.open(Array(bytes.dropFirst(header.count)), key: key, associatedData: header)
            opened = try? JSON.parse(
                content.withBytes { Array(copying: $0) },
                limits: JSONLimits(bytes: 1 << 30, depth: 8)
            )
        } catch {
            throw IntakeError("the passphrase does not open it, or it was changed: \(error.detail)")
        }
        guard let root = opened, let time = root["exported_at"]?.asString, let exported = try? RFC3339.parse(time),
            let members = root["contexts"]?.asObject?.members
        else { throw IntakeError("what is sealed in it is no export") }
        self.exported = exported
        var contexts: [Context] = []
        for member in members {
            contexts.append(Context(name: member.name, values: try JSONListing(member.value).plain().values))
        }
        self.contexts = contexts
    }

    /// Refuses a passphrase that a list of words would find.
    ///
    /// - Throws: `IntakeError`.
    package static func check(_ passphrase: borrowing SecretBytes) throws(IntakeError) {
        guard passphrase.count >= shortestPassphrase else {
            throw IntakeError("the passphrase has \(passphrase.count) bytes; take at least \(shortestPassphrase)")
        }
    }

    private var json: JSON {
        var object = JSONObject()
        for context in contexts {
            var values = JSONObject()
            values.reserveCapacity(context.values.count)
            for value in context.values {
                values[value.name.text] =
                    String(validating: value.bytes, as: UTF8.self).flatMap {
                        value.bytes.contains(0) ? nil : .string($0)
                    }
                    ?? ["base64": .string(Base64.encode(value.bytes))]
            }
            object[context.name] = .object(values)
        }
        return ["exported_at": .string(RFC3339.format(exported)), "contexts": .object(object)]
    }
}
