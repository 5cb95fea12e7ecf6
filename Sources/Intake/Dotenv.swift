/// A `.env` file as python-dotenv reads it, but for what it skips or guesses: that is a problem here.
///
/// A line is a comment, or `NAME=VALUE` with `export` before it or not. A value stands in single quotes (`\'` and `\\` are
/// escapes), in double quotes (besides `\"`, `\n` and the other escapes of C), or without quotes to the end of the line or to a
/// `#` behind a space. In quotes it may go over several lines. A BOM and the line ends of Windows are taken off.
///
/// Where this differs: a backslash in quotes escapes what stands behind it whatever follows in the file; and a line that is
/// none, a name without a value, a name that is there twice or is none of an environment variable are problems.
package struct Dotenv: Equatable, Sendable {
    /// One line's name and value, as they stand.
    package struct Binding: Equatable, Sendable {
        package let name: String
        package let value: String
        /// From 1.
        package let line: Int
    }

    package private(set) var bindings: [Binding] = []
    package private(set) var problems: [IntakeError.Problem] = []

    /// Reads the bytes of a file.
    package init(_ bytes: [UInt8]) {
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        guard let text = String(validating: body, as: UTF8.self) else {
            problems = [IntakeError.Problem("it is no UTF-8 text")]
            return
        }
        var reader = DotenvReader(text)
        while reader.skipSpace() {
            let line = reader.line
            switch reader.next() {
            case .comment: break
            case .binding(let name, let value): bindings.append(Binding(name: name, value: value, line: line))
            case .problem(let reason): problems.append(IntakeError.Problem(line: line, reason))
            }
        }
    }
}

/// Walks over the characters of a file.
private struct DotenvReader {
    enum Step {
        case comment
        case binding(String, String)
        case problem(String)
    }

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private(set) var line = 1

    init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            // As a file opened as text: every line end is one character.
            if scalar == "\n", scalars.last == "\r" {
                scalars[scalars.count - 1] = "\n"
            } else {
                scalars.append(scalar)
            }
            if scalars.count > 1, scalars[scalars.count - 2] == "\r" { scalars[scalars.count - 2] = "\n" }
        }
        if scalars.last == "\r" { scalars[scalars.count - 1] = "\n" }
        self.scalars = scalars
    }

    private var here: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take() -> Unicode.Scalar? {
        guard let scalar = here else { return nil }
        position += 1
        if scalar == "\n" { line += 1 }
        return scalar
    }

    /// Goes to the next character that is no space, and says whether there is one.
    mutating func skipSpace() -> Bool {
        while let scalar = here, scalar.isPythonSpace { _ = take() }
        return here != nil
    }

    private mutating func skipBlanks() {
        while let scalar = here, scalar.isPythonSpace, scalar != "\n" { _ = take() }
    }

    /// Reads one line, or several where a value in quotes goes over them.
    mutating func next() -> Step {
        skipExport()
        if here == "#" {
            skipLine()
            return .comment
        }
        guard let name = name() else {
            skipLine()
            return .problem("it is no NAME=VALUE: there is no name")
        }
        skipBlanks()
        guard here == "=" else {
            let isEnd = here == nil || here == "\n" || here == "#"
            skipLine()
            return .problem(
                isEnd ? "'\(shown(name))' has no '=' and no value" : "it is no NAME=VALUE: a space stands in the name"
            )
        }
        _ = take()
        skipBlanks()
        let start = line
        guard let value = value() else {
            skipLine()
            return .problem("the quote that begins the value of '\(shown(name))' in line \(start) does not end")
        }
        guard endsLine() else {
            skipLine()
            return .problem("something stands behind the quoted value of '\(shown(name))'; escape quotes in it as \\\"")
        }
        return .binding(name, value)
    }

    private mutating func skipExport() {
        let word = Array("export".unicodeScalars)
        guard position + word.count < scalars.count, Array(scalars[position..<position + word.count]) == word else {
            return
        }
        let behind = scalars[position + word.count]
        guard behind.isPythonSpace, behind != "\n" else { return }
        position += word.count
        skipBlanks()
    }

    private mutating func name() -> String? {
        var name = String.UnicodeScalarView()
        if here == "'" {
            let start = (position, line)
            _ = take()
            while let scalar = here, scalar != "'" {
                name.append(scalar)
                _ = take()
            }
            guard take() == "'", !name.isEmpty else {
                (position, line) = start
                return nil
            }
            return String(name)
        }
        while let scalar = here, scalar != "=", scalar != "#", !scalar.isPythonSpace {
            name.append(scalar)
            _ = take()
        }
        return name.isEmpty ? nil : String(name)
    }

    private mutating func value() -> String? {
        switch here {
        case "'": return quoted(by: "'", escapes: ["\\": "\\", "'": "'"])
        case "\"":
            return quoted(
                by: "\"",
                escapes: [
                    "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r",
                    "t": "\t", "v": "\u{B}",
                ]
            )
        default: return unquoted()
        }
    }

    private mutating func quoted(by quote: Unicode.Scalar, escapes: [Unicode.Scalar: Unicode.Scalar]) -> String? {
        let start = (position, line)
        _ = take()
        var value = String.UnicodeScalarView()
        while let scalar = take() {
            if scalar == quote { return String(value) }
            guard scalar == "\\", let next = here, let meant = escapes[next] else {
                value.append(scalar)
                continue
            }
            _ = take()
            value.append(meant)
        }
        (position, line) = start
        return nil
    }

    private mutating func unquoted() -> String {
        var value: [Unicode.Scalar] = []
        while let scalar = here, scalar != "\n" {
            if scalar == "#", value.last?.isPythonSpace == true {
                skipToLineEnd()
                break
            }
            value.append(scalar)
            _ = take()
        }
        while value.last?.isPythonSpace == true { value.removeLast() }
        return String(String.UnicodeScalarView(value))
    }

    /// Whether nothing but a comment stands behind a value; the line is then over.
    private mutating func endsLine() -> Bool {
        skipBlanks()
        if here == "#" { skipToLineEnd() }
        guard here == nil || here == "\n" else { return false }
        _ = take()
        return true
    }

    private mutating func skipToLineEnd() { while let scalar = here, scalar != "\n" { _ = take() } }

    private mutating func skipLine() {
        skipToLineEnd()
        _ = take()
    }

    /// A name in a message: somebody may have put a value there.
    private func shown(_ name: String) -> String {
        String(name.unicodeScalars.prefix(4).map(Character.init)) + (name.unicodeScalars.count > 4 ? "…" : "")
    }
}

extension Unicode.Scalar {
    /// What Python's `str.isspace` calls a space: beyond Unicode's own, the separators of ASCII.
    fileprivate var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}
