internal import Crypto
internal import POSIX
internal import Secrets

/// The master keys of static secrets.
///
/// | file | is there |
/// | --- | --- |
/// | `master.key` | always: seals and opens |
/// | `master.key.new` | while a rewrap is under way: seals in its place, and opens |
/// | `master.key.old` | after a rewrap, until the operator takes it away: opens |
extension KeyFiles: MasterKeySource {
    /// The key that takes the master key's place.
    var newMasterKey: String { masterKey + ".new" }
    /// The key that had its place.
    var oldMasterKey: String { masterKey + ".old" }

    /// As `MasterKeySource` promises.
    func ring() throws(SecretsError) -> MasterKeyRing {
        let present = try readMasterKey(masterKey, isNeeded: true)
        let new = try readMasterKey(newMasterKey, isNeeded: false)
        let old = try readMasterKey(oldMasterKey, isNeeded: false)
        var files = [new, present, old].compactMap { $0 }
        var ring = MasterKeyRing(sealing: try files.removeFirst().key())
        for file in files { ring.add(try file.key()) }
        return ring
    }

    /// Checks that the keys can be read.
    ///
    /// - Throws: `CommandError` with exit code 78.
    func checkMasterKeys() throws(CommandError) {
        do throws(SecretsError) { _ = try ring() } catch { throw CommandError(.configuration, error.description) }
    }

    /// What an operator should know of the master key's files before it is too late.
    var masterKeyNotes: [String] {
        var notes: [String] = []
        if (try? Files.status(newMasterKey)) != nil {
            notes.append(
                "\(newMasterKey) is there: a change of the master key is under way; end it: jobpass secret rewrap. Lose "
                    + "neither file: each opens some of the secrets, and nothing else does"
            )
        } else if (try? Files.status(oldMasterKey)) != nil {
            notes.append(
                "\(oldMasterKey) is there, from the last rewrap: see that \(masterKey) is copied to a safe place, then take "
                    + "the old one away"
            )
        }
        return notes
    }

    /// The bytes of a key file; an optional holds no noncopyable value that is passed on.
    private final class KeyFile {
        private let path: String
        private let bytes: SecretBytes

        init(_ path: String, _ bytes: consuming SecretBytes) {
            self.path = path
            self.bytes = bytes
        }

        /// The key that the file holds.
        func key() throws(SecretsError) -> MasterKey {
            do throws(SecretsError) {
                return try MasterKey(file: bytes)
            } catch {
                throw SecretsError(error.code, "\(path): \(error.detail)")
            }
        }
    }

    private func readMasterKey(_ path: String, isNeeded: Bool) throws(SecretsError) -> KeyFile? {
        let isThere: Bool
        do throws(POSIXError) { isThere = try Files.status(path) != nil } catch {
            throw SecretsError(.masterKey, error.description)
        }
        guard isThere else {
            guard isNeeded else { return nil }
            throw SecretsError(
                .masterKey,
                "there is no master key at \(path): put the copy of it back that you keep, as no other key opens the secrets in "
                    + "the store; 'jobpass init' makes one for a broker that has nothing yet"
            )
        }
        do throws(CommandError) {
            return KeyFile(path, try secret(path))
        } catch {
            throw SecretsError(.masterKey, error.message + (error.advice.map { "; \($0)" } ?? ""))
        }
    }
}
