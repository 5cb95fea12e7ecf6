import POSIX

/// Where the built command is: beside the tests.
enum BuiltPath {
    static func jobpass() throws -> String { Paths.join(Paths.parent(of: CommandLine.arguments[0]), "jobpass") }
}
