internal import Glibc
internal import POSIX

/// A token of SoftHSM2 in a folder of its own.
package struct SoftToken: Sendable {
    /// Where Debian has the module.
    package static let module = "/usr/lib/softhsm/libsofthsm2.so"
    /// The PIN of the token's user.
    package static let pin = "271828"

    /// The file that `SOFTHSM2_CONF` names.
    package let configuration: String
    private let tokens: String

    /// Makes a token of some name.
    package init(in directory: String, label: String = "jobpass") throws {
        configuration = Paths.join(directory, "softhsm2.conf")
        tokens = Paths.join(directory, "tokens")
        if try Files.status(tokens) == nil {
            try Files.makeDirectory(tokens)
            let text = "directories.tokendir = \(tokens)\nobjectstore.backend = file\nlog.level = ERROR\n"
            try Files.replace(configuration, Array(text.utf8))
        }
        try run("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "31415926", "--pin", Self.pin)
    }

    /// What a program needs to find the token.
    package var environment: [String: String] { ["SOFTHSM2_CONF": configuration] }

    /// Lets this process find it, and none before.
    package func use() { unsafe setenv("SOFTHSM2_CONF", configuration, 1) }

    /// Takes every token of the folder away, or brings them back.
    package func take(away isAway: Bool) throws {
        let elsewhere = tokens + ".away"
        try run("mv", isAway ? tokens : elsewhere, isAway ? elsewhere : tokens)
    }

    /// What OpenSC's tool says of the objects in a token.
    package func objects(label: String = "jobpass") throws -> String {
        let output = try FileDescriptor.inMemory("objects")
        let process = try Process(
            "pkcs11-tool",
            ["--module", Self.module, "--login", "--pin", Self.pin, "--token-label", label, "--list-objects"],
            environment: surroundings,
            input: .null,
            output: .descriptor(output.number)
        )
        guard process.wait() == .exited(0) else { throw Failure.program("pkcs11-tool") }
        output.rewind()
        return String(decoding: try output.readToEnd(limit: 1 << 20, subject: "objects"), as: UTF8.self)
    }

    private var surroundings: Environment {
        var surroundings = Environment.current
        surroundings.merge(environment)
        return surroundings
    }

    private func run(_ program: String, _ arguments: String...) throws {
        let process = try Process(program, arguments, environment: surroundings, input: .null, output: .null)
        guard process.wait() == .exited(0) else { throw Failure.program(program) }
    }

    private enum Failure: Error { case program(String) }
}
