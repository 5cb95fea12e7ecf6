package import JSON
internal import POSIX

/// The files in the `Vectors` folder beside a test's source.
package enum Vectors {
    /// The bytes of one file, named by its path inside the folder.
    ///
    /// - Throws: `POSIXError` where it is not there.
    package static func bytes(_ name: String, beside source: String = #filePath) throws -> [UInt8] {
        try Files.read("\(folder(of: source))/Vectors/\(name)")
    }

    /// One JSON file.
    ///
    /// - Throws: `POSIXError`, `JSONError`.
    package static func json(_ name: String, beside source: String = #filePath) throws -> JSON {
        try JSON.parse(bytes(name, beside: source))
    }

    /// The `vectors` member of a JSON file, which must have a `source` too.
    ///
    /// - Throws: `POSIXError`, `JSONError`, `VectorError`.
    package static func all(_ name: String, beside source: String = #filePath) throws -> [Vector] {
        let file = try json(name, beside: source)
        guard file["source"]?.asString != nil, let vectors = file["vectors"]?.asArray, !vectors.isEmpty else {
            throw VectorError(file: name, wanted: "a source and vectors")
        }
        return try vectors.map { vector in
            guard let name = vector["name"]?.asString else { throw VectorError(file: name, wanted: "a name") }
            return Vector(name: name, members: vector)
        }
    }

    private static func folder(of source: String) -> String {
        String(source[..<(source.lastIndex(of: "/") ?? source.endIndex)])
    }
}

/// One vector of a file.
package struct Vector: Sendable, CustomStringConvertible {
    package let name: String
    package let members: JSON

    package var description: String { name }

    /// A member that must be text.
    ///
    /// - Throws: `VectorError`.
    package func text(_ member: String) throws -> String {
        guard let text = members[member]?.asString else { throw VectorError(file: name, wanted: "a text '\(member)'") }
        return text
    }
}

/// What a vector file lacks.
package struct VectorError: Error, Equatable {
    package let file: String
    package let wanted: String
}

/// Vector files that stand beside the checkout and are not part of it.
package enum SharedVectors {
    /// The bytes of a file in the nearest `shared/vectors` above a test's source; nil where there is none.
    package static func bytes(_ name: String, above source: String = #filePath) -> [UInt8]? {
        var folder = source[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            if let bytes = try? Files.read("\(folder)/shared/vectors/\(name)") { return bytes }
        }
        return nil
    }
}
