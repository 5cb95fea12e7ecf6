internal import POSIX
internal import Secrets

/// A secret's value as its owner hands it over: never as an argument, which every user of the machine can read.
enum SecretInput {
    /// Reads the value from a file, as it is, or from standard input, without the line end that echo and editors add.
    ///
    /// - Throws: `CommandError` where it is empty or too large; `POSIXError` where it cannot be read.
    static func read(file: String?, question: String) throws -> [UInt8] {
        let value = try file.map { try Files.read($0, limit: SecretValue.limit) } ?? standardInput(question)
        guard !value.isEmpty else {
            throw CommandError(
                .badData,
                "the value is empty",
                advice: "a secret without a value is none: delete it instead"
            )
        }
        return value
    }

    private static func standardInput(_ question: String) throws -> [UInt8] {
        guard StandardInput.isTerminal else {
            return withoutLineEnd(try StandardInput.readAll(limit: SecretValue.limit))
        }
        guard let typed = try Terminal.readHidden(question, limit: SecretValue.limit) else {
            throw CommandError(.usage, "no value was given")
        }
        return typed
    }

    private static func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.last == UInt8(ascii: "\n") else { return bytes }
        let line = bytes.dropLast()
        return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
}
