internal import Configuration
internal import Crypto
internal import Encoding
internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import HTTPServer
internal import POSIX
internal import Time

/// A broker for one measurement: this very program, in a folder of its own, with new keys and an empty ledger.
///
/// It is durable like any other, so the folder is in `TMPDIR`, which should be on a disk as the real store is.
struct TrialBroker: ~Copyable {
    let url: String
    /// The token of its orchestrator.
    let token: String
    /// Its own certificate; nil where it speaks plain http.
    let authorities: String?
    private let folder: String
    private let process: Process

    /// Makes and starts one, and waits until it is ready.
    static func start(_ algorithm: SignatureAlgorithm, tls: Bool, on loop: EventLoop) async throws -> TrialBroker {
        let folder = try Files.makeTemporaryDirectory("jobpass-bench")
        do {
            let broker = try TrialBroker(algorithm, tls: tls, port: await freePort(on: loop), in: folder)
            try await broker.becomeReady(on: loop)
            return broker
        } catch {
            try? Files.removeTree(folder)
            throw error
        }
    }

    private init(_ algorithm: SignatureAlgorithm, tls: Bool, port: UInt16, in folder: String) throws {
        let host = tls ? "localhost:\(port)" : "127.0.0.1:\(port)"
        url = "\(tls ? "https" : "http")://\(host)"
        token = Hex.encode(Entropy.bytes(32))
        authorities = tls ? Paths.join(folder, "tls.crt") : nil
        self.folder = folder
        if let authorities {
            let made = try SelfSignedCertificate.make(for: ["DNS:localhost"], days: 1, from: SystemClock.now().seconds)
            try Files.writeNew(authorities, made.certificate)
            try Files.writeNew(
                Paths.join(folder, "tls.key"),
                made.privateKey.withBytes { span in span.indices.map { span[$0] } }
            )
        }
        let path = Paths.join(folder, "jobpass.yaml")
        try Files.writeNew(path, Array(Self.configuration(url, port, token, algorithm, in: folder, tls: tls).utf8))
        var installation = Installation()
        try NewBroker(try ConfigurationFile(path: path).settings).make(in: &installation)
        process = try Process(
            try ThisProcess.executable(),
            ["serve", "--config", path],
            environment: .current,
            input: .null,
            output: .null
        )
    }

    private static func configuration(
        _ url: String,
        _ port: UInt16,
        _ token: String,
        _ algorithm: SignatureAlgorithm,
        in folder: String,
        tls: Bool
    ) -> String {
        """
        issuer: \(url)
        listen: 127.0.0.1:\(port)
        \(tls ? "tls: {certificate: tls.crt, private_key: tls.key}" : "")
        store: sqlite:jobpass.db
        keys: {directory: keys, algorithms: [\(algorithm.rawValue)]}
        log: {level: warning}
        limits: {connections: 20000, requests: 20000, requests_per_run: 20000, run_rate: 1000000, tokens_per_run: 1000000000}
        principals:
          - {name: bench, role: orchestrator, projects: ["bench/*"], token_sha256: \(SHA256.hash(token).hex)}
        audiences:
          - {audience: bench, allow: [{project: "bench/*"}]}

        """
    }

    private borrowing func becomeReady(on loop: EventLoop) async throws {
        let client = HTTPClient(on: loop)
        let question = OutgoingRequest(.get, url: "\(url)/readyz", certificateAuthorities: authorities)
        for _ in 0..<200 {
            if let answer = try? await client.send(question), answer.status == 200 { return }
            guard !process.hasEnded(within: 0) else { break }
            try await loop.sleep(for: .milliseconds(50))
        }
        process.send(.kill)
        throw CommandError(.unavailable, "the broker for the measurement did not start; what it said stands above")
    }

    /// The most memory that it had, in bytes, as far as the system tells.
    borrowing func peakMemory() -> Int? {
        guard let status = try? Files.readText("/proc/\(process.id)/status") else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }

    /// Ends it, and leaves nothing behind.
    consuming func stop() {
        process.send(.terminate)
        _ = process.wait()
        try? Files.removeTree(folder)
    }

    /// A port that nothing uses now.
    private static func freePort(on loop: EventLoop) async throws -> UInt16 {
        let settings = HTTPServer.Settings(address: "127.0.0.1", port: 0) { status, _ in HTTPResponse(status: status) }
        let server = try await HTTPServer.start(on: loop, settings: settings) { _ in HTTPResponse(status: 404) }
        await server.close()
        return server.port
    }
}
