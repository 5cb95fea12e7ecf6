/// The name of an environment variable, as every shell can export it: a letter or `_`, then letters, digits and `_`.
///
/// POSIX.1-2024, section 8.1, allows a program more; a name that a shell cannot export would reach no job.
package struct EnvironmentName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The most bytes of a name.
    package static let limit = 128

    package let text: String

    /// Takes a text that is a name of at most `limit` bytes; nil for any other.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= Self.limit, Self.isLetter(first),
            bytes.allSatisfy({ Self.isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.text = text
    }

    /// Takes a name that stands in the program itself.
    ///
    /// No literal stands for a name by itself: `EnvironmentName("1A")` would then stop the program instead of being nil.
    package init(constant: StaticString) {
        guard let name = EnvironmentName(String(describing: constant)) else {
            preconditionFailure("\(constant) is no name of a variable")
        }
        self = name
    }

    package var description: String { text }

    /// The order of their bytes, in which listings print them.
    package static func < (left: EnvironmentName, right: EnvironmentName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
