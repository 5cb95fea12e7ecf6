internal import POSIX
internal import Secrets

/// A secret's value as its owner hands it over: never as an argument, which every user of the machine can read.
enum SecretInput {
    /// What is said to whoever gives a value as an argument.
    static let refusal =
        "takes no value as an argument: every user of this machine could read it there, and your shell keeps it; "
        + "give it on standard input or by --file, and if it is secret, replace it now"

    /// Reads the value from a file, as it is, or from standard input, without the line end that echo and editors add.
    ///
    /// - Throws: `CommandError` where it is empty or too large; `POSIXError` where it cannot be read.
    static func read(file: String?, question: String) throws -> [UInt8] {
        try checked(file.map { try Files.read($0, limit: SecretValue.limit) } ?? standardInput(question))
    }

    /// The value that a command prints, without the line end behind it; what it says on standard error is shown.
    ///
    /// - Throws: `CommandError` where it fails, or prints nothing or too much; nothing is then to be changed.
    static func read(command: String, _ variables: [String: String], _ environment: Environment) throws -> [UInt8] {
        let output = try FileDescriptor.inMemory("value")
        var environment = environment
        environment.merge(variables)
        let process = try Process(
            "/bin/sh",
            ["-c", command],
            environment: environment,
            input: .null,
            output: .descriptor(output.number)
        )
        let status = process.wait()
        guard status.code == 0 else {
            throw CommandError(
                .badData,
                "the command that was to print the new value ended with exit code \(status.code); nothing was changed",
                advice: "run it by itself, and look at what it says"
            )
        }
        output.rewind()
        return try checked(withoutLineEnd(try output.readToEnd(limit: SecretValue.limit + 2, subject: "the new value")))
    }

    private static func checked(_ value: [UInt8]) throws(CommandError) -> [UInt8] {
        guard !value.isEmpty else {
            throw CommandError(
                .badData,
                "the value is empty",
                advice: "a secret without a value is none: delete it instead"
            )
        }
        guard value.count <= SecretValue.limit else {
            throw CommandError(.badData, "the value has \(value.count) bytes, and one has at most \(SecretValue.limit)")
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
