/// Why a command could not do what it was asked, for the person who asked.
struct CommandError: Error, Equatable {
    let exit: ExitCode
    /// What failed, where, what was seen and what was wanted.
    let message: String
    /// What to do about it, where that is known.
    let advice: String?

    init(_ exit: ExitCode, _ message: String, advice: String? = nil) {
        self.exit = exit
        self.message = message
        self.advice = advice
    }

    /// An error in how the command was called.
    static func usage(_ message: String, advice: String? = nil) -> CommandError {
        CommandError(.usage, message, advice: advice)
    }
}
