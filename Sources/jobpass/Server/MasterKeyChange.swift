internal import Crypto
internal import POSIX
internal import Secrets

/// The files of a change of the master key; a crash at any point leaves keys for everything that is sealed.
///
/// 1. `master.key.new` is made: from here on it seals, and both open.
/// 2. Every secret is rewrapped.
/// 3. The present key is copied to `master.key.old`, the new one put in its place, and `master.key.new` removed.
struct MasterKeyChange {
    let files: KeyFiles

    init(_ files: KeyFiles) { self.files = files }

    /// Makes the new key, or goes on with one that is there.
    ///
    /// - Throws: `CommandError` where an older key is still in the way, or the given key is none.
    func begin(from path: String?) throws {
        guard try Files.status(files.newMasterKey) == nil else {
            guard path == nil else {
                throw CommandError(
                    .configuration,
                    "\(files.newMasterKey) is there: a rewrap is under way",
                    advice: "run it without --new-key to end that one first"
                )
            }
            return
        }
        if try Files.status(files.oldMasterKey) != nil {
            throw CommandError(
                .configuration,
                "\(files.oldMasterKey) is there, from the last time; nothing was changed",
                advice: "move it to where you keep old keys, for as long as you keep backups that it opens"
            )
        }
        let key: SecretBytes
        if let path {
            // Read as a key first: what is none must not get into a key's place.
            key = try MasterKey(file: try files.secret(path)).file()
        } else {
            key = MasterKey.generate().file()
        }
        try Files.writeNew(files.newMasterKey, key.withBytes { Array(copying: $0) })
    }

    /// The public names of the key that goes and of the key that comes.
    func names() throws -> (from: String, to: String) {
        let present = try MasterKey(file: try files.secret(files.masterKey)).publicName
        let new = try MasterKey(file: try files.secret(files.newMasterKey)).publicName
        return (present, new)
    }

    /// Puts the new key in the present one's place.
    func finish() throws {
        let (from, to) = try names()
        let new = try files.secret(files.newMasterKey).withBytes { Array(copying: $0) }
        if from != to {
            let present = try files.secret(files.masterKey).withBytes { Array(copying: $0) }
            if try Files.status(files.oldMasterKey) == nil { try Files.writeNew(files.oldMasterKey, present) }
            try Files.replace(files.masterKey, new)
        }
        try Files.remove(files.newMasterKey)
    }
}
