internal import CGlibc

/// The environment variables of a process: names and their values.
package struct Environment: Equatable, Sendable {
    private var values: [String: String]

    /// Makes an environment of some variables.
    package init(_ values: [String: String] = [:]) { self.values = values }

    /// This process's own, as it is now; nothing in this program ever changes it.
    package static var current: Environment {
        var values: [String: String] = [:]
        guard var next = unsafe cglibc_environment() else { return Environment() }
        while let entry = unsafe next.pointee {
            let text = unsafe String(cString: entry)
            if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                let name = String(text[..<equals])
                // Of two equal names the first counts, as getenv(3) reads it.
                if values[name] == nil { values[name] = String(text[text.index(after: equals)...]) }
            }
            unsafe next = unsafe next.advanced(by: 1)
        }
        return Environment(values)
    }

    /// The value of a variable; nil where it is not set, or to remove it.
    package subscript(name: String) -> String? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// The value of a variable that is set and not empty.
    package func nonEmpty(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The names, sorted.
    package var names: [String] { values.keys.sorted() }

    /// Takes over every variable of another environment.
    package mutating func merge(_ other: [String: String]) { values.merge(other) { $1 } }

    /// `NAME=VALUE` texts, sorted by name, as a new process takes them.
    var entries: [String] { names.map { "\($0)=\(values[$0] ?? "")" } }
}
