internal import CPQ

/// Where a database is and how to reach it: a connection string of libpq's, parsed, without any password.
///
/// A password comes from the file that `passfile` names, or libpq's usual one; a string that holds one is refused, since
/// configuration files and process arguments are no place for it.
package struct PostgresAddress: Equatable, Sendable, CustomStringConvertible {
    /// libpq's keywords and their values, those that were given.
    package let parameters: [String: String]

    /// Parses a URI, or `keyword=value` pairs (PostgreSQL's section 34.1.1).
    ///
    /// - Throws: `PostgresError` with code `address`, without the text, which may hold a secret.
    package init(_ text: String) throws(PostgresError) {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = unsafe PQconninfoParse(text, &message) else {
            unsafe PQfreemem(message)
            // libpq's message quotes parts of the text.
            throw PostgresError(
                .address,
                "this is no connection string of PostgreSQL: write postgresql://USER@HOST/DATABASE, with libpq's own keywords alone"
            )
        }
        var parameters: [String: String] = [:]
        var place = unsafe options
        while let keyword = unsafe place.pointee.keyword {
            if let value = unsafe place.pointee.val {
                unsafe parameters[String(cString: keyword)] = unsafe String(cString: value)
            }
            unsafe place += 1
        }
        unsafe PQconninfoFree(options)
        for keyword in ["password", "sslpassword"] where parameters[keyword] != nil {
            throw PostgresError(.address, "it holds a \(keyword), which belongs into a file (passfile=FILE)")
        }
        self.parameters = parameters
    }

    private init(_ parameters: [String: String]) { self.parameters = parameters }

    /// The same address with another value for a keyword.
    package func with(_ keyword: String, _ value: String) -> PostgresAddress {
        PostgresAddress(parameters.merging([keyword: value]) { $1 })
    }

    /// Whether every host is this machine: a socket in the file system, or loopback.
    package var isLocal: Bool {
        let hosts = (parameters["hostaddr"] ?? parameters["host"] ?? "").split(separator: ",")
        return hosts.allSatisfy { host in
            host.hasPrefix("/") || host.hasPrefix("@") || host == "localhost" || host == "::1" || Self.isLoopback(host)
        }
    }

    /// 127.0.0.0/8 (RFC 1122, section 3.2.1.3), as an address and not as the beginning of a name.
    private static func isLoopback(_ host: Substring) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// What is wrong with how this machine can tell the server from another; nil where it can.
    package var exposure: String? {
        let mode = parameters["sslmode"] ?? "prefer"
        guard !isLocal, mode != "verify-full" else { return nil }
        return "with sslmode=\(mode), who stands between this broker and the database can take the database's place"
    }

    /// What may be shown: user, host, port and database.
    package var description: String {
        let user = parameters["user"].map { "\($0)@" } ?? ""
        let host = parameters["host"] ?? parameters["hostaddr"] ?? ""
        let port = parameters["port"].map { ":\($0)" } ?? ""
        return "postgresql://\(user)\(host)\(port)/\(parameters["dbname"] ?? "")"
    }
}
