package import Crypto
internal import POSIX

/// A certificate authority in a directory of its own, whose certificates the `openssl` program makes.
package final class TestAuthority: Sendable {
    private let directory: String
    /// The authority's own certificate, PEM.
    package let certificateFile: String

    /// A certificate and its key, as files and as PEM text.
    package struct Issued: Sendable {
        package let certificateFile: String
        package let keyFile: String
        package let certificate: [UInt8]
        package let key: [UInt8]
    }

    /// Makes an authority with a new key.
    ///
    /// - Throws: `POSIXError`, or `OpenSSLFailure`.
    package init() throws {
        directory = try Files.makeTemporaryDirectory("jobpass-authority")
        certificateFile = "\(directory)/authority.pem"
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        let subject = ["-keyout", "\(directory)/authority.key", "-subj", "/CN=Test authority"]
        try Self.openssl(["req", "-x509", "-days", "2", "-out", certificateFile] + curve + subject)
    }

    deinit { try? Files.removeTree(directory) }

    /// Issues a certificate for names such as `DNS:localhost` and `IP:127.0.0.1`; one of negative days has expired.
    ///
    /// - Throws: `POSIXError`, or `OpenSSLFailure`.
    package func issue(_ name: String, for names: [String], days: Int = 1) throws -> Issued {
        let path = "\(directory)/\(name)"
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        try Self.openssl(["req", "-out", "\(path).csr", "-keyout", "\(path).key", "-subj", "/CN=\(name)"] + curve)
        try Files.writeNew("\(path).ext", Array("subjectAltName=\(names.joined(separator: ","))".utf8))
        let authority = ["-CA", certificateFile, "-CAkey", "\(directory)/authority.key", "-CAcreateserial"]
        let request = ["-in", "\(path).csr", "-out", "\(path).pem", "-extfile", "\(path).ext", "-days", "\(days)"]
        try Self.openssl(["x509", "-req"] + authority + request)
        return Issued(
            certificateFile: "\(path).pem",
            keyFile: "\(path).key",
            certificate: try Files.read("\(path).pem"),
            key: try Files.read("\(path).key")
        )
    }

    /// A server's side of TLS with one of its certificates.
    ///
    /// - Throws: `CryptoError` or `POSIXError`.
    package func context(_ issued: Issued, clientAuthorities: Bool = false) throws -> TLSServerContext {
        try TLSServerContext(
            certificateChain: issued.certificate,
            privateKey: SecretBytes(copying: issued.key),
            clientAuthorities: clientAuthorities ? try Files.read(certificateFile) : nil
        )
    }

    private static func openssl(_ arguments: [String]) throws {
        let environment = Environment(["PATH": "/usr/local/bin:/usr/bin:/bin"])
        let process = try Process(
            "openssl",
            arguments,
            environment: environment,
            input: .null,
            output: .null,
            error: .null
        )
        let status = process.wait()
        if status != .exited(0) { throw OpenSSLFailure(arguments: arguments) }
    }
}

/// The `openssl` program did not do what a test asked of it.
package struct OpenSSLFailure: Error {
    package let arguments: [String]
}
