internal import Crypto
internal import POSIX

/// A directory that a web server serves, or that somebody else's tool copies from.
struct DirectoryPlace: PublicationPlace {
    let directory: String

    func read(_ path: String) async throws(CommandError) -> PlacedFile? {
        let file = Paths.join(directory, path)
        do throws(POSIXError) {
            guard try Files.status(file) != nil else { return nil }
            let bytes = try Files.read(file, limit: 1 << 20)
            return PlacedFile(bytes: bytes, tag: SHA256.hash(bytes).hex)
        } catch {
            throw CommandError(.inputOutput, error.description)
        }
    }

    func write(_ file: PublishedFile, replacing old: PlacedFile?, cacheTime: Int64) async throws(CommandError) -> Bool {
        guard try await read(file.path) == old else { return false }
        let path = Paths.join(directory, file.path)
        do throws(POSIXError) {
            try makeDirectories(to: file.path)
            // Public documents, which a web server under another user reads.
            try Files.replace(path, file.bytes, mode: 0o644)
            return true
        } catch {
            throw CommandError(.inputOutput, error.description)
        }
    }

    private func makeDirectories(to path: String) throws(POSIXError) {
        var parent = directory
        for part in [""] + path.split(separator: "/").dropLast().map(String.init) {
            if !part.isEmpty { parent = Paths.join(parent, part) }
            if try Files.status(parent) == nil { try Files.makeDirectory(parent, mode: 0o755) }
        }
    }
}
