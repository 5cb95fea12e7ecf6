/// One node of a document, with the place where it begins.
package struct YAMLNode: Equatable, Sendable {
    package let mark: YAMLMark
    package let value: Value

    /// What a node holds.
    package enum Value: Equatable, Sendable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        /// The entries in the order in which they are written; no two keys are equal.
        case mapping([YAMLEntry])
    }

    /// Makes a node.
    package init(mark: YAMLMark, value: Value) {
        self.mark = mark
        self.value = value
    }

    /// What kind of node it is, for a message.
    package var kind: String {
        switch value {
        case .scalar(let scalar): scalar.isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A single value, as text.
package struct YAMLScalar: Equatable, Sendable {
    package let text: String
    /// Whether it was written without quotes, so that its reader may take it for a number, a boolean or nothing.
    package let isPlain: Bool

    /// Makes a scalar.
    package init(_ text: String, isPlain: Bool) {
        self.text = text
        self.isPlain = isPlain
    }

    /// Whether it stands for no value at all.
    package var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }
}

/// One key of a mapping with its value.
package struct YAMLEntry: Equatable, Sendable {
    package let key: String
    package let keyMark: YAMLMark
    package let value: YAMLNode

    /// Makes an entry.
    package init(key: String, keyMark: YAMLMark, value: YAMLNode) {
        self.key = key
        self.keyMark = keyMark
        self.value = value
    }
}
