/// XML owns the reading of small XML documents into a tree of elements; expat does the parsing.
///
/// It writes no XML, and reads neither attributes nor processing instructions, since no answer that we understand keeps
/// anything there. A document type declaration is refused where it begins, and with it every entity but the five that XML
/// defines itself: no document can grow beyond its own bytes, or name a file to be read.
///
/// XML 1.0 (fifth edition), Namespaces in XML 1.0.
package struct XMLElement: Equatable, Sendable {
    /// The local name, without a prefix.
    package let name: String
    /// The URI of its namespace; nil where it stands in none.
    package let namespace: String?
    /// The character data that stands directly within it, put together, white space included.
    package private(set) var text: String
    /// The elements that stand directly within it, in order.
    package private(set) var children: [XMLElement]

    /// Makes an element.
    package init(_ name: String, namespace: String? = nil, text: String = "", children: [XMLElement] = []) {
        self.name = name
        self.namespace = namespace
        self.text = text
        self.children = children
    }

    /// Takes in the character data that expat has reported, which it has checked to be UTF-8.
    mutating func finish(text bytes: [UInt8]) { text = String(decoding: bytes, as: UTF8.self) }

    /// Takes in a child that has ended.
    mutating func adopt(_ child: XMLElement) { children.append(child) }

    /// The only child of a name; nil where there is none or more than one, because two parsers would choose differently.
    package func child(_ name: String) -> XMLElement? {
        let found = children.filter { $0.name == name }
        return found.count == 1 ? found.first : nil
    }

    /// The only element at a path of names below this one.
    package func descendant(_ path: String...) -> XMLElement? {
        var element: XMLElement? = self
        for name in path { element = element?.child(name) }
        return element
    }
}

extension XMLElement {
    /// What a document may take before it is refused.
    package struct Limits: Equatable, Sendable {
        /// The most bytes of the whole document.
        package var bytes: Int
        /// The most elements within one another, the root counted.
        package var depth: Int
        /// The most elements in all.
        package var elements: Int

        /// Makes limits; by default ample for any answer of a cloud, and small beside a loop's memory.
        package init(bytes: Int = 1 << 20, depth: Int = 32, elements: Int = 10_000) {
            self.bytes = bytes
            self.depth = depth
            self.elements = elements
        }
    }

    /// Parses one whole document, always as UTF-8 whatever it declares.
    ///
    /// - Throws: `XMLError` with the place: `malformed` for what is no XML, else the limit or ban that it broke.
    package static func parse(_ bytes: [UInt8], limits: Limits = Limits()) throws(XMLError) -> XMLElement {
        guard bytes.count <= limits.bytes, let length = Int32(exactly: bytes.count) else {
            throw XMLError(.tooLarge, line: 1, column: 1, reason: "\(bytes.count) bytes, over \(limits.bytes)")
        }
        // Told to read UTF-8, expat still changes over to UTF-16, of which no document goes without a NUL.
        guard !bytes.contains(0) else { throw XMLError(.malformed, line: 1, column: 1, reason: "not UTF-8") }
        let parser = try Expat(limits: limits)
        return try parser.parse(bytes, length: length)
    }
}

/// Why a document was refused, and where.
package struct XMLError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: Equatable, Sendable {
        /// Not well-formed, no UTF-8, or nothing at all.
        case malformed
        /// It has a document type declaration.
        case documentType
        case tooLarge
        case tooDeep
        case tooManyElements
        /// No memory was left for a parser.
        case memory
    }

    package let code: Code
    /// Line and column, each counted from 1.
    package let line: Int
    package let column: Int
    /// What was wrong, in words that quote nothing of the document.
    package let reason: String

    /// Makes an error.
    package init(_ code: Code, line: Int, column: Int, reason: String) {
        self.code = code
        self.line = line
        self.column = column
        self.reason = reason
    }

    package var description: String { "XML line \(line), column \(column): \(reason)" }
}
