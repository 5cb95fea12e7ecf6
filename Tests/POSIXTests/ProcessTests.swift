import Glibc
import POSIX
import Testing

@Suite("Child processes")
struct ProcessTests {
    private let environment = Environment(["PATH": "/usr/bin:/bin"])

    private func output(
        _ script: String,
        _ environment: Environment,
        input: [UInt8] = []
    ) throws -> (String, ProcessStatus) {
        let source = try FileDescriptor.inMemory("input")
        try source.write(input, subject: "input")
        source.rewind()
        let sink = try FileDescriptor.inMemory("output")
        let process = try Process(
            "sh",
            ["-c", script],
            environment: environment,
            input: .descriptor(source.number),
            output: .descriptor(sink.number),
            error: .null
        )
        let status = process.wait()
        sink.rewind()
        return (String(decoding: try sink.readToEnd(limit: 1 << 20, subject: "output"), as: UTF8.self), status)
    }

    @Test("a child gets the environment it is given and no other")
    func environmentAlone() throws {
        var variables = environment
        variables["PASSED"] = "a=b\nc"
        let (text, status) = try output("env; printf '%s' \"$PASSED\"", variables)
        #expect(status == .exited(0))
        #expect(text.hasSuffix("a=b\nc"))
        #expect(!text.contains("HOME="))
    }

    @Test("a child reads and writes what it is connected to")
    func streams() throws {
        let (text, status) = try output("cat; echo gone >&2", environment, input: Array("hello".utf8))
        #expect(text == "hello")
        #expect(status == .exited(0))
    }

    @Test(
        "a child's end is told as a shell tells it",
        arguments: [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143), ("kill -9 $$", 137)]
    )
    func codes(script: String, code: Int32) throws {
        let (_, status) = try output(script, environment)
        #expect(status.code == code)
    }

    @Test("a program that is not there is an error, not a child that fails")
    func missing() {
        let error = #expect(throws: POSIXError.self) {
            _ = try Process("jobpass-no-such-program", environment: environment).wait()
        }
        #expect(error?.code == .system(ENOENT))
        #expect(error?.subject == "jobpass-no-such-program")
    }

    @Test("a file that may not be run is an error")
    func notExecutable() throws {
        let scratch = try Scratch()
        try Files.writeNew(scratch.file("script"), Array("#!/bin/sh\n".utf8), mode: 0o600)
        let error = #expect(throws: POSIXError.self) {
            _ = try Process(scratch.file("script"), environment: environment).wait()
        }
        #expect(error?.code == .system(EACCES))
    }

    @Test("a value with a NUL character is refused, and the error does not hold the value")
    func refusesNUL() {
        var variables = environment
        variables["SECRET"] = "hunter\0two"
        let error = #expect(throws: POSIXError.self) { _ = try Process("true", environment: variables).wait() }
        #expect(error == POSIXError(.containsNUL, "start with the variable", "SECRET"))
        #expect(error?.description.contains("hunter") == false)
    }

    @Test("a child has none of the descriptors that this program opened")
    func closesDescriptors() throws {
        let open = try FileDescriptor.inMemory("kept-here")
        let (text, _) = try output("ls -l /proc/self/fd", environment)
        #expect(text.contains(" 1 -> /memfd:output"))
        #expect(!text.contains("kept-here"))
        try open.write([1], subject: "still open here")
    }

    @Test("a child's signals are as if nobody had blocked or ignored any")
    func resetsSignals() throws {
        Signal.ignoreBrokenPipes()
        let watch = try SignalWatch([.user2])
        let (text, _) = try output("grep -E 'Sig(Blk|Ign)' /proc/self/status", environment)
        for line in text.split(separator: "\n") {
            let mask = line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
            // SIGPIPE is 13 and SIGUSR2 12: bits 12 and 11.
            #expect(mask.map { $0 & (1 << 12 | 1 << 11) } == 0, "\(line)")
        }
        let taken = watch.poll()
        #expect(taken == nil)
    }

    @Test("a child can be waited for, for some time only, and sent a signal")
    func signals() throws {
        let process = try Process("sleep", ["60"], environment: environment)
        let endedAtOnce = process.hasEnded(within: 0)
        #expect(!endedAtOnce)
        process.send(.terminate)
        let endedInTime = process.hasEnded(within: 10_000)
        #expect(endedInTime)
        let status = process.wait()
        #expect(status == .signalled(.terminate))
    }

    @Test("a pipe brings what a child writes, and its end")
    func pipes() throws {
        var pipe = try FileDescriptor.pipe()
        let process = try Process("echo", ["line"], environment: environment, output: pipe.forOutput)
        pipe.closeWriting()
        let line = try pipe.reading.read(atMost: 100, subject: "pipe")
        let end = try pipe.reading.read(atMost: 100, subject: "pipe")
        let status = process.wait()
        #expect(line == Array("line\n".utf8))
        #expect(end == [])
        #expect(status == .exited(0))
    }
}

@Suite("Signals", .serialized)
struct SignalTests {
    @Test("a signal that comes is told, with where it came from")
    func arrives() throws {
        let watch = try SignalWatch([.user1])
        let before = watch.poll()
        #expect(before == nil)
        #expect(pthread_kill(pthread_self(), SIGUSR1) == 0)
        let arrived = watch.poll()
        #expect(arrived == SignalWatch.Arrival(.user1, fromTerminal: false))
        let after = watch.poll()
        #expect(after == nil)
    }

    @Test("a signal that is ignored stays so, though it is watched")
    func ignored() throws {
        Signal.ignoreBrokenPipes()
        let watch = try SignalWatch([.brokenPipe, .user1])
        #expect(pthread_kill(pthread_self(), SIGPIPE) == 0)
        #expect(watch.poll() == nil)
    }

    @Test("waiting ends with a signal, and with the child's end")
    func waits() throws {
        let watch = try SignalWatch([.user1])
        let process = try Process("sleep", ["60"], environment: Environment.current)
        #expect(pthread_kill(pthread_self(), SIGUSR1) == 0)
        let arrived = watch.next(until: process)
        #expect(arrived?.signal == .user1)
        process.send(.kill)
        let after = watch.next(until: process)
        #expect(after == nil)
        let status = process.wait()
        #expect(status == .signalled(.kill))
    }

    @Test("a signal has its name")
    func names() {
        #expect(Signal.terminate.description == "SIGTERM")
        #expect(Signal(rawValue: 64).description == "signal 64")
    }
}

@Suite("Environment")
struct EnvironmentTests {
    @Test("this process's variables are read")
    func current() {
        #expect(Environment.current["PATH"]?.isEmpty == false)
        #expect(Environment.current["JOBPASS_NO_SUCH_VARIABLE"] == nil)
    }

    @Test("variables are set, merged and removed")
    func changes() {
        var environment = Environment(["A": "1", "B": ""])
        environment.merge(["A": "2", "C": "3"])
        #expect(environment == Environment(["A": "2", "B": "", "C": "3"]))
        #expect(environment.nonEmpty("B") == nil)
        #expect(environment.nonEmpty("C") == "3")
        environment["C"] = nil
        #expect(environment.names == ["A", "B"])
    }
}

@Suite("Terminals")
struct TerminalTests {
    @Test("a file is no terminal and gets no colour")
    func fileIsNone() throws {
        let file = try FileDescriptor.inMemory("file")
        let number = file.number
        #expect(!Terminal.isTerminal(number))
        #expect(Terminal.width(number) == nil)
        #expect(!Terminal.allowsColour(number, Environment(["TERM": "xterm"])))
    }

    @Test("a terminal gets colour unless NO_COLOR or a dumb terminal says no")
    func colour() throws {
        let controller = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(controller >= 0)
        defer { close(controller) }
        #expect(Terminal.isTerminal(controller))
        #expect(Terminal.allowsColour(controller, Environment(["TERM": "xterm"])))
        #expect(Terminal.allowsColour(controller, Environment(["TERM": "xterm", "NO_COLOR": ""])))
        #expect(!Terminal.allowsColour(controller, Environment(["TERM": "xterm", "NO_COLOR": "1"])))
        #expect(!Terminal.allowsColour(controller, Environment(["TERM": "dumb"])))
    }
}
