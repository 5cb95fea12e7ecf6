internal import CGlibc
internal import Locks

/// One option that a command line may hold.
package struct OptionShape: Equatable, Sendable {
    /// The name after `--`.
    package let name: String
    /// The letter after `-`, where it has one.
    package let letter: Character?
    package let takesValue: Bool

    /// Makes the shape of an option.
    package init(_ name: String, letter: Character? = nil, takesValue: Bool) {
        self.name = name
        self.letter = letter
        self.takesValue = takesValue
    }
}

/// A command line, taken apart.
package struct ParsedOptions: Equatable, Sendable {
    /// One option as it was given.
    package struct Occurrence: Equatable, Sendable {
        package let name: String
        package let value: String?

        /// Makes an occurrence.
        package init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    /// The options in the order they were given.
    package internal(set) var options: [Occurrence] = []
    /// What is no option and stands before `--`.
    package internal(set) var operands: [String] = []
    /// What stands after the first `--`; nil where there is none.
    package internal(set) var afterDashes: [String]?

    /// Makes a command line without anything.
    package init() {}
}

/// Command lines, read by `getopt_long(3)`.
package enum Options {
    /// Takes a command line apart: options and operands in any order, up to `--` or, where asked, to the first operand.
    ///
    /// Names must be whole: the abbreviations that GNU programs take would change their meaning with the next option.
    ///
    /// - Throws: `POSIXError` with `unknownOption`, `missingValue` or `unexpectedValue`, whose subject is the option as
    ///   it was written, without its value.
    package static func parse(
        _ arguments: [String],
        accepting shapes: [OptionShape],
        untilOperand: Bool = false
    ) throws(POSIXError) -> ParsedOptions {
        var reader = try OptionReader(arguments, accepting: shapes)
        try getopt.withLock { _ throws(POSIXError) in try reader.read(untilOperand: untilOperand) }
        return reader.parsed
    }

    /// getopt keeps its place in globals, so only one line can be read at a time.
    private static let getopt = Lock(())
}

/// One walk of getopt along one command line.
@safe
private struct OptionReader: ~Copyable {
    let arguments: [String]
    let shapes: [OptionShape]
    let line: CStrings
    let names: CStrings
    /// `+`: an operand stops getopt, so that the argument it looks at is always known; `:`: a missing value is told from
    /// an unknown option; then the letters.
    let letters: String
    let long: [option]
    var parsed = ParsedOptions()

    /// What getopt answers for the first of the long options; letters stand below, as ASCII.
    static let firstLong: Int32 = 1 << 16

    init(_ arguments: [String], accepting shapes: [OptionShape]) throws(POSIXError) {
        let line = try CStrings(["jobpass"] + arguments, for: "take the argument")
        let names = try CStrings(shapes.map(\.name), for: "name the option")
        self.arguments = arguments
        self.shapes = shapes
        letters = shapes.reduce(into: "+:") { text, shape in
            if let letter = shape.letter { text += shape.takesValue ? "\(letter):" : "\(letter)" }
        }
        var options = unsafe [option](repeating: option(), count: shapes.count + 1)
        for (index, shape) in shapes.enumerated() {
            unsafe options[index] = unsafe option(
                name: names.pointer[index],
                has_arg: shape.takesValue ? required_argument : no_argument,
                flag: nil,
                val: Self.firstLong + Int32(index)
            )
        }
        unsafe long = options
        self.line = line
        self.names = names
    }

    mutating func read(untilOperand: Bool) throws(POSIXError) {
        cglibc_options_begin()
        var position = Int(cglibc_options_index())
        while position <= arguments.count {
            let current = arguments[position - 1]
            let found = unsafe getopt_long(Int32(arguments.count + 1), line.pointer, letters, long, nil)
            if found == -1 {
                if current == "--" {
                    parsed.afterDashes = Array(arguments[position...])
                    return
                }
                if untilOperand {
                    parsed.operands = Array(arguments[(position - 1)...])
                    return
                }
                parsed.operands.append(current)
                cglibc_options_skip()
            } else {
                try take(found, written: current)
            }
            position = Int(cglibc_options_index())
        }
    }

    private mutating func take(_ found: Int32, written: String) throws(POSIXError) {
        let name = String(written.prefix { $0 != "=" })
        let refused = cglibc_options_refused()
        // What is refused by its letter stands in a cluster such as `-xj`.
        let letter = Unicode.Scalar(UInt32(refused)).map { "-\($0)" } ?? name
        switch found {
        case Int32(UInt8(ascii: ":")):
            throw POSIXError(.missingValue, "read", refused >= Self.firstLong ? name : letter)
        case Int32(UInt8(ascii: "?")) where refused >= Self.firstLong:
            throw POSIXError(.unexpectedValue, "read", name)
        case Int32(UInt8(ascii: "?")):
            throw POSIXError(.unknownOption, "read", refused == 0 ? name : letter)
        default: break
        }
        let shape = shapes.enumerated().first { index, shape in
            found == Self.firstLong + Int32(index)
                || shape.letter?.asciiValue.map { found == Int32($0) } ?? false
        }?.element
        guard let shape, found < Self.firstLong || name == "--\(shape.name)" else {
            throw POSIXError(.unknownOption, "read", name)
        }
        let value = unsafe cglibc_options_value().map { unsafe String(cString: $0) }
        parsed.options.append(ParsedOptions.Occurrence(shape.name, shape.takesValue ? value : nil))
    }
}
