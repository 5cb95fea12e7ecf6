/// How a command ends, in the numbers of sysexits.h, or in those of the child that it ran.
struct ExitCode: Equatable, Sendable {
    let number: Int32

    static let success = ExitCode(number: 0)
    static let usage = ExitCode(number: 64)
    static let badData = ExitCode(number: 65)
    static let unavailable = ExitCode(number: 69)
    static let inputOutput = ExitCode(number: 74)
    static let tryAgain = ExitCode(number: 75)
    /// EX_PROTOCOL: the other side does not speak as it should.
    static let badProtocol = ExitCode(number: 76)
    static let denied = ExitCode(number: 77)
    static let configuration = ExitCode(number: 78)
    /// What env(1) and shells answer for a program that is there and may not be run.
    static let notExecutable = ExitCode(number: 126)
    /// What env(1) and shells answer for a program that is not there.
    static let noSuchProgram = ExitCode(number: 127)
}
