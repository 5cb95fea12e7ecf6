/// YAML owns the reading of configuration texts into nodes that know where they stand, by libyaml.
///
/// It reads the part of YAML 1.1 in which a text means one thing: one document of mappings, sequences and scalars. Equal keys,
/// anchors, aliases, tags and directives are refused with their place. A scalar stays text; which type it should have is
/// its reader's question, so that no `no` becomes a boolean behind anybody's back. It knows no word of the domain.
package struct YAMLError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was refused.
    package enum Code: Equatable, Sendable {
        /// It is no YAML.
        case malformed
        /// It is YAML, of a kind that this module does not read.
        case unsupported
        /// One mapping has a key twice.
        case duplicateKey
        /// It is longer, deeper or of more nodes than the limits allow.
        case tooLarge
    }

    package let code: Code
    package let mark: YAMLMark
    /// What was wrong; never a value of the text.
    package let reason: String
    /// What to write instead.
    package let fix: String

    init(_ code: Code, at mark: YAMLMark, _ reason: String, fix: String) {
        self.code = code
        self.mark = mark
        self.reason = reason
        self.fix = fix
    }

    package var description: String { "\(mark): \(reason); \(fix)" }
}

/// A place in a text, both numbers from 1; columns count characters.
package struct YAMLMark: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let line: Int
    package let column: Int

    /// Makes a mark.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: YAMLMark, right: YAMLMark) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }

    package var description: String { "\(line):\(column)" }
}

/// How large a text may be.
package struct YAMLLimits: Equatable, Sendable {
    package var bytes: Int
    package var depth: Int
    package var nodes: Int

    /// Limits that no configuration written by people comes near.
    package static let standard = YAMLLimits(bytes: 1 << 20, depth: 32, nodes: 100_000)

    /// Makes limits.
    package init(bytes: Int, depth: Int, nodes: Int) {
        self.bytes = bytes
        self.depth = depth
        self.nodes = nodes
    }
}
