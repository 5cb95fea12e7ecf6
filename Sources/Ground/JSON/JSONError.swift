/// Why a text is no JSON that this program reads.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of fault it is.
    package enum Code: Equatable, Sendable {
        /// The text is not JSON, has a name twice, a NUL, a number out of range or bytes that are no UTF-8.
        case malformed
        /// The text is longer than its limit.
        case tooLong
        /// Arrays and objects nest deeper than the limit.
        case tooDeep
    }

    package let code: Code
    /// Where reading stopped, from 1; 0 where the whole text is at fault.
    package let line: Int
    /// The character in that line, from 1; 0 where the whole line or text is at fault.
    package let column: Int
    /// What is wrong there.
    ///
    /// It can quote a few characters of the text, so it is not for logs where the text is secret.
    package let reason: String

    /// Makes an error.
    package init(_ code: Code, line: Int, column: Int, reason: String) {
        self.code = code
        self.line = line
        self.column = column
        self.reason = reason
    }

    package var description: String { "line \(line), column \(column): \(reason)" }
}

/// How long and how deep a text may be.
package struct JSONLimits: Equatable, Sendable {
    /// Bytes of the whole text.
    package var bytes: Int
    /// Arrays and objects inside each other; 1 lets a text be one flat object.
    package var depth: Int

    /// Makes limits.
    package init(bytes: Int, depth: Int) {
        self.bytes = bytes
        self.depth = depth
    }

    /// 1 MiB and 32 deep.
    package static let standard = JSONLimits(bytes: 1 << 20, depth: 32)
}
