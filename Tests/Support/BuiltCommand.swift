package import POSIX

/// The `jobpass` that was built beside the running tests, called as people call it.
package enum BuiltCommand {
    /// What a call left behind.
    package struct Result: Equatable, Sendable {
        package let status: ProcessStatus
        package let output: String
        package let error: String

        /// The exit code, as a shell sees it.
        package var code: Int32 { status.code }
    }

    /// Where it is.
    package static func path() throws(POSIXError) -> String {
        Paths.join(Paths.parent(of: try ThisProcess.executable()), "jobpass")
    }

    /// Variables that a call has anyway.
    package static let environment = Environment(["PATH": Environment.current["PATH"] ?? "/usr/bin:/bin"])

    /// Calls it and waits for its end.
    package static func run(
        _ arguments: [String],
        _ variables: [String: String] = [:],
        input: [UInt8] = []
    ) throws(POSIXError) -> Result {
        try run(try path(), arguments, variables, input: input)
    }

    /// Calls a shell script in which `$JOBPASS` is the built command.
    package static func shell(
        _ script: String,
        _ variables: [String: String] = [:],
        input: [UInt8] = []
    ) throws(POSIXError) -> Result {
        var variables = variables
        variables["JOBPASS"] = try path()
        return try run("bash", ["-c", script], variables, input: input)
    }

    private static func run(
        _ program: String,
        _ arguments: [String],
        _ variables: [String: String],
        input: [UInt8]
    ) throws(POSIXError) -> Result {
        var environment = environment
        environment.merge(variables)
        let source = try FileDescriptor.inMemory("input")
        try source.write(input, subject: "input")
        source.rewind()
        let output = try FileDescriptor.inMemory("output")
        let error = try FileDescriptor.inMemory("error")
        let process = try Process(
            program,
            arguments,
            environment: environment,
            input: .descriptor(source.number),
            output: .descriptor(output.number),
            error: .descriptor(error.number)
        )
        let status = process.wait()
        return Result(status: status, output: try text(output), error: try text(error))
    }

    private static func text(_ file: borrowing FileDescriptor) throws(POSIXError) -> String {
        file.rewind()
        return String(decoding: try file.readToEnd(limit: 1 << 24, subject: "what the command wrote"), as: UTF8.self)
    }
}
