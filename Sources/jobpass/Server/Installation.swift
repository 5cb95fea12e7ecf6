internal import Crypto
internal import POSIX

/// Files and directories being made for a new broker; where one cannot be made, those before it are removed again.
struct Installation {
    private var made: [String] = []

    /// Makes a directory of mode 0700, or takes one that is there and that nobody else may write into.
    mutating func directory(_ path: String) throws {
        guard let status = try Files.status(path) else {
            try Files.makeDirectory(path, mode: 0o700)
            made.append(path)
            return
        }
        guard status.kind == .directory else {
            throw CommandError(.configuration, "\(path) is no directory", advice: "give another place, or remove it")
        }
        guard status.mode & 0o022 == 0 else {
            throw CommandError(
                .configuration,
                "others may write into \(path), whose mode is 0\(String(status.mode, radix: 8))",
                advice: "run: chmod go-w '\(path)'"
            )
        }
    }

    /// Makes a file of mode 0600.
    mutating func file(_ path: String, _ bytes: [UInt8]) throws {
        try Files.writeNew(path, bytes, mode: 0o600)
        made.append(path)
    }

    /// Makes a file of mode 0600 that holds a secret.
    mutating func file(_ path: String, _ secret: borrowing SecretBytes) throws {
        let bytes = secret.withBytes { span in span.indices.map { span[$0] } }
        try file(path, bytes)
    }

    /// Takes note of a file that somebody else has made.
    mutating func note(_ path: String) { made.append(path) }

    /// Removes everything that was made, the last first; what cannot be removed stays.
    func undo() {
        for path in made.reversed() {
            let kind = (try? Files.status(path))?.kind
            if kind == .directory { try? Files.removeTree(path) } else { try? Files.remove(path) }
        }
    }
}
