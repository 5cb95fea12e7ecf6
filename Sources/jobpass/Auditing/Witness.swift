internal import Crypto
internal import HTTP
internal import Ledger
internal import Locks
internal import POSIX
internal import Time

/// A witness at work: what it knows on disk, one step ahead of what it says.
final class Witness: Sendable {
    let verifier: CosignatureKey
    private let cosigner: Cosigner
    private let directory: String
    private let worker: WorkerThread
    private let states: Lock<[String: WitnessState]>

    init(directory: String, name: KeyName, logs: [VerifierKey]) throws {
        self.directory = directory
        if try Files.status(directory) == nil { try Files.makeDirectory(directory, mode: 0o700) }
        let path = Paths.join(directory, "witness.pem")
        if try Files.status(path) == nil {
            let pem = try SigningKey.generate(for: .edDSA).pem()
            try Files.writeNew(path, pem.withBytes { span in span.indices.map { span[$0] } }, mode: 0o600)
        }
        var secret = try Files.readSecret(path, limit: 1 << 16)
        cosigner = try Cosigner(name: name, key: try SigningKey(pem: SecretBytes(consuming: &secret)))
        verifier = cosigner.verifier
        var states: [String: WitnessState] = [:]
        for log in logs {
            let kept = Self.path(directory, log.name)
            let latest =
                try Files.status(kept) == nil
                ? nil : try Checkpoint(note: try Files.read(kept, limit: SignedNote.largest), verifiedBy: log)
            states[log.name.description] = WitnessState(log: log, latest: latest)
        }
        self.states = Lock(states)
        worker = try WorkerThread()
    }

    /// Answers `POST /add-checkpoint` and `GET /HASH/checkpoint`.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        await worker.run { self.respond(request) }
    }

    private func respond(_ request: HTTPRequest) -> HTTPResponse {
        if request.method == .post, request.path == "/add-checkpoint" { return add(request.body) }
        let parts = request.path.split(separator: "/")
        guard request.method == .get, parts.count == 2, parts[1] == "checkpoint",
            let name = states.withLock({ $0.keys.first { SHA256.hash($0).hex == parts[0] } }),
            let log = try? KeyName(name), let note = try? Files.read(Self.path(directory, log))
        else { return Self.text(404, "not found") }
        return HTTPResponse(status: 200, fields: ["Content-Type": "text/plain; charset=utf-8"], body: note)
    }

    private func add(_ body: [UInt8]) -> HTTPResponse {
        let offer: CheckpointOffer
        let origin: String
        do throws(LedgerError) {
            offer = try CheckpointOffer(body)
            origin = try Checkpoint(text: try SignedNote(offer.note).text).origin.description
        } catch {
            return Self.text(400, "\(error)")
        }
        return states.withLock { states in
            guard var state = states[origin] else { return Self.text(404, "the log \(origin) is unknown here") }
            switch state.consider(offer) {
            case .refuse(let status, let reason): return Self.text(status, reason)
            case .stale(let size):
                return HTTPResponse(
                    status: 409,
                    fields: ["Content-Type": "text/x.tlog.size"],
                    body: Array("\(size)\n".utf8)
                )
            case .fork(let reason):
                shout(reason, origin, offer)
                return Self.text(422, reason)
            case .cosign(let text):
                guard let line = keep(text, offer, state) else {
                    return Self.text(500, "the checkpoint could not be kept")
                }
                states[origin] = state
                return HTTPResponse(status: 200, fields: ["Content-Type": "text/plain; charset=utf-8"], body: line)
            }
        }
    }

    /// Puts the newer checkpoint on disk, and only then answers the cosignature's line.
    private func keep(_ text: String, _ offer: CheckpointOffer, _ state: WitnessState) -> [UInt8]? {
        do {
            let signature = try cosigner.sign(text, at: SystemClock.now())
            let note = try SignedNote(offer.note)
            let ours = note.signatures.filter { $0.name == state.log.name && $0.keyID == state.log.id }
            let cosigned = SignedNote(text: text, signatures: ours + [signature])
            try Files.replace(Self.path(directory, state.log.name), cosigned.bytes, mode: 0o644)
            return SignedNote(text: "", signatures: [signature]).signatureLines
        } catch {
            StandardError.write("jobpass: error: the checkpoint could not be kept: \(error)\n")
            return nil
        }
    }

    /// Keeps the evidence, and says so as loudly as a program can.
    ///
    /// What was found first is enough: a log that goes on with its other history shall not fill the disk.
    private func shout(_ reason: String, _ origin: String, _ offer: CheckpointOffer) {
        let evidence = Paths.join(directory, "fork-\(SHA256.hash(offer.note).hex.prefix(16)).checkpoint")
        if forks.count < Self.mostForks { try? Files.replace(evidence, offer.note, mode: 0o644) }
        StandardError.write(
            "\u{7}jobpass: FORK: \(origin) has signed two histories: \(reason); the evidence is \(evidence) beside \(Self.fileName(origin))\n"
        )
    }

    private static let mostForks = 100

    /// The evidence that is kept, from earlier runs too.
    var forks: [String] { ((try? Files.list(directory)) ?? []).filter { $0.hasPrefix("fork-") } }

    private static func path(_ directory: String, _ log: KeyName) -> String {
        Paths.join(directory, fileName(log.description))
    }

    private static func fileName(_ origin: String) -> String { "\(SHA256.hash(origin).hex).checkpoint" }

    private static func text(_ status: Int, _ reason: String) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: ["Content-Type": "text/plain; charset=utf-8"],
            body: Array("\(reason)\n".utf8)
        )
    }
}
