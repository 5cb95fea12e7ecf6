internal import Crypto
internal import Keystores
internal import POSIX
internal import Tokens

/// How far each key's life has come, in `life.json` beside a ring's keys; without that file every key signs.
///
/// A key file that `life.json` does not name was being made when something broke off: it counts as prepared, and never signs
/// before it was published. One that it names as removed counts no more, whether or not its file is gone yet.
extension KeyFiles: KeyStorage {
    func lock() throws(TokenError) -> (any Sendable)? {
        do throws(POSIXError) { return try FileLock(Paths.join(directory, "keys.lock")) } catch {
            throw Self.failed(error)
        }
    }

    func load(_ ring: IssuerRing) throws(TokenError) -> [IssuerKey] {
        do throws(CommandError) { return try allKeys(of: ring) } catch {
            throw TokenError(.keyRing, "keys", seen: error.message, wanted: error.advice ?? "what 'jobpass init' makes")
        }
    }

    func save(_ keys: [IssuerKey], removing removed: [IssuerKey], in ring: IssuerRing) throws(TokenError) {
        let path = lifeFile(of: ring)
        let directory = directory(of: ring)
        do {
            if try Files.status(path) == nil {
                // Before a key file stands there that nothing says a word of.
                try Files.replace(path, LifeFile(of: try load(forFirst: ring), removed: []).bytes)
            }
            for key in keys {
                let file = Paths.join(directory, Self.name(of: key))
                guard try Files.status(file) == nil else { continue }
                try write(key, file)
            }
            let before = try lives(of: ring)?.removed ?? []
            let leaving = try leftOver(before, in: ring) + removed.map { (kid: $0.kid, file: Self.name(of: $0)) }
            let names = before.filter { kid in !removed.contains { $0.kid == kid } } + removed.map(\.kid)
            try Files.replace(path, LifeFile(of: keys, removed: names.suffix(Self.mostRemoved)).bytes)
            for key in leaving where try Files.status(Paths.join(directory, key.file)) != nil {
                try Files.remove(Paths.join(directory, key.file))
            }
        } catch let error as CommandError {
            // What was removed before is not known: to write it anew would bring it back.
            throw TokenError(.keyRing, "keys", seen: error.message, wanted: error.advice ?? "what was written last")
        } catch let error as POSIXError {
            throw Self.failed(error)
        } catch {
            throw TokenError(.keyRing, "keys", seen: "\(error)", wanted: "a directory that this user may write")
        }
    }

    /// Kids of removed keys that are remembered: so that nobody publishes one again, and a file that comes back signs nothing.
    private static var mostRemoved: Int { 1_000 }

    /// Where a ring's keys' lives are written down.
    func lifeFile(of ring: IssuerRing) -> String { Paths.join(directory(of: ring), "life.json") }

    /// What is written of a ring's keys' lives; nil where nothing is.
    ///
    /// - Throws: `CommandError` with exit code 78 where it cannot be read.
    func lives(of ring: IssuerRing) throws(CommandError) -> LifeFile? {
        let path = lifeFile(of: ring)
        do throws(POSIXError) {
            guard try Files.status(path) != nil else { return nil }
            let bytes = try Files.readSecret(path, limit: 1 << 20)
            if let file = LifeFile(bytes) { return file }
        } catch {
            throw CommandError(.configuration, error.description)
        }
        throw CommandError(
            .configuration,
            "\(path) cannot be read: it is not what 'jobpass keys' writes",
            advice:
                "put it back from a copy; without the file every key beside it signs, so only one of each algorithm may be there"
        )
    }

    private func load(forFirst ring: IssuerRing) throws(POSIXError) -> [IssuerKey] { (try? allKeys(of: ring)) ?? [] }

    /// Files of keys that are in the ring no more, which a broken-off save left.
    private func leftOver(
        _ removed: [String],
        in ring: IssuerRing
    ) throws(POSIXError) -> [(kid: String, file: String)] {
        let names = try Files.list(directory(of: ring))
        return removed.compactMap { kid in
            names.first { $0.hasSuffix("-\(kid.prefix(8)).pem") }.map { (kid: kid, file: $0) }
        }
    }

    private func write(_ key: IssuerKey, _ path: String) throws(POSIXError) {
        let pem: [UInt8]
        do throws(CryptoError) {
            pem = try key.pem().withBytes { span in span.indices.map { span[$0] } }
        } catch {
            throw POSIXError(.notRegular, "write", "\(path): \(error.detail)")
        }
        try Files.writeNew(path, pem)
    }

    private static func failed(_ error: POSIXError) -> TokenError {
        TokenError(.keyRing, "keys", seen: error.description, wanted: "a directory that this user may write")
    }
}
