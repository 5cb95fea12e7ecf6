internal import Crypto
internal import Encoding

/// Lines that any POSIX shell evaluates, CircleCI's `BASH_ENV` among them.
enum ShellForm {
    /// Single quotes keep every character as it is but the quote itself, which stands outside of them.
    static func exports(_ variables: borrowing NamedSecrets) -> String {
        var lines = ""
        variables.withTexts { name, value in
            // By scalars: to Swift, a quote and an accent behind it are one character, which is not a quote; to a shell they
            // are two.
            lines += "export \(name)='"
            for scalar in value.unicodeScalars {
                if scalar == "'" { lines += "'\\'" }
                lines.unicodeScalars.append(scalar)
            }
            lines += "'\n"
        }
        return lines
    }
}
