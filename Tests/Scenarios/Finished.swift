import POSIX

/// A program that ran to its end: its exit code and what it wrote.
struct Finished: CustomStringConvertible {
    let code: Int32
    let output: String
    let error: String

    var description: String { "exit code \(code)\n--- output\n\(output)\n--- error\n\(error)" }

    /// Runs a program with some input; one that is not done within two minutes is killed.
    init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        input: String = ""
    ) throws {
        try self.init(program, arguments, environment: environment, input: Array(input.utf8))
    }

    /// Runs a program with some bytes as its input.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:], input: [UInt8]) throws {
        let inward = try FileDescriptor.inMemory("in")
        let outward = try FileDescriptor.inMemory("out")
        let complaints = try FileDescriptor.inMemory("err")
        try inward.write(input, subject: "input")
        inward.rewind()
        let process = try Process(
            program,
            arguments,
            environment: .forScenario(environment),
            input: .descriptor(inward.number),
            output: .descriptor(outward.number),
            error: .descriptor(complaints.number)
        )
        if !process.hasEnded(within: 120_000) { process.send(.kill) }
        code = process.wait().code
        outward.rewind()
        complaints.rewind()
        output = String(decoding: try outward.readToEnd(limit: 1 << 24, subject: "output"), as: UTF8.self)
        error = String(decoding: try complaints.readToEnd(limit: 1 << 24, subject: "error"), as: UTF8.self)
    }
}

extension Environment {
    /// What a program of a scenario gets: the path, and nothing of whoever runs the tests but a sanitizer's options.
    static func forScenario(_ variables: [String: String]) -> Environment {
        var environment = Environment()
        for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS"] {
            environment[name] = Environment.current[name]
        }
        environment["NO_COLOR"] = "1"
        environment.merge(variables)
        return environment
    }
}
