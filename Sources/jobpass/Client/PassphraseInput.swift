internal import Crypto
internal import Intake
internal import POSIX

/// The passphrase of an export, from a file that nobody else may read or from the terminal: never an argument.
enum PassphraseInput {
    static let file = Option.value(
        "passphrase-file",
        "FILE",
        "a file of mode 0600 that holds the passphrase, without its line end; else the terminal is asked",
        kind: .file
    )

    private static let limit = 1_024

    /// Reads it; with `isNew` it is asked for twice on a terminal, and refused where it is too short.
    static func read(_ invocation: Invocation, isNew: Bool) throws -> SecretBytes {
        var bytes: [UInt8]
        if let path = invocation[file] {
            bytes = try Files.readSecret(path, limit: limit)
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        } else {
            guard StandardInput.isTerminal else {
                throw CommandError.usage(
                    "\(invocation.label)--\(file.name) is needed where there is no terminal to ask"
                )
            }
            bytes = try ask("Passphrase, not shown: ")
            if isNew, try ask("Once more: ") != bytes { throw CommandError(.usage, "the two passphrases differ") }
        }
        let passphrase = SecretBytes(consuming: &bytes)
        if isNew { try SealedExport.check(passphrase) }
        return passphrase
    }

    private static func ask(_ question: String) throws -> [UInt8] {
        guard let typed = try Terminal.readHidden(question, limit: limit) else {
            throw CommandError(.usage, "no passphrase was given")
        }
        return typed
    }
}
