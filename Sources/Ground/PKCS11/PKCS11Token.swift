package import Crypto
internal import Glibc
internal import Locks

/// A token, with as many sessions as threads have used it at the same moment; its calls take turns.
///
/// Calls block for as long as the token takes. One that was taken away, or whose service went, is looked for anew with the next
/// call, at most once a second; until then calls fail at once. A PIN that was refused is not tried again before it is another
/// one, as tokens lock themselves after some wrong ones. Who holds the process can have it sign, and cannot take a key away.
package final class PKCS11Token: Sendable {
    /// Which token, and how it is reached.
    package struct Settings: Equatable, Sendable {
        /// The path of the module, a shared library.
        package let module: String
        package let token: TokenName

        /// Gathers the settings.
        package init(module: String, token: TokenName) {
            self.module = module
            self.token = token
        }
    }

    private struct State {
        var connection: TokenConnection?
        /// The one before for as long as a session of it is in use: a module starts once in a process.
        weak var former: TokenConnection?
        var idle: [TokenSession] = []
        var connected: ContinuousClock.Instant?
        /// The hash of a PIN that the token refused.
        var refused: [UInt8]?
    }

    /// For how long a token that failed is not asked again.
    private static let pause = Duration.seconds(1)
    /// For how long one that worked before is.
    private static let patience = Duration.milliseconds(500)

    package let settings: Settings
    private let pin: @Sendable () throws(PKCS11Error) -> SecretBytes
    /// After how long without an answer nobody begins to wait for one.
    private let longestCall: Duration
    private let state = Lock(State())
    /// The last failure, which may be asked for while the token is called.
    private let failed = Lock<(error: PKCS11Error, since: ContinuousClock.Instant)?>(nil)

    /// Takes a token, and asks nothing of it yet; `pin` is called at each login.
    package init(
        _ settings: Settings,
        longestCall: Duration = .seconds(10),
        pin: @escaping @Sendable () throws(PKCS11Error) -> SecretBytes
    ) {
        self.settings = settings
        self.longestCall = longestCall
        self.pin = pin
    }

    /// Why the token could not be reached when it was last tried; nil where it could.
    package var failure: PKCS11Error? { failed.withLock { $0?.error } }

    /// Says that the module has had no answer to a call for too long, and so has none for anybody; nil where it has.
    package var stall: PKCS11Error? {
        guard let silence = TokenTurn.silence, silence > longestCall else { return nil }
        let seconds = silence.components.seconds
        return PKCS11Error(.token, "\(settings.module) has not answered a call for \(seconds) s (\(settings.token))")
    }

    /// Makes a key for an algorithm, whose private half cannot be read, and answers its ID and its public half.
    ///
    /// - Throws: `PKCS11Error`, with code `unsupported` for an algorithm that the token does not know.
    package func generate(
        _ algorithm: SignatureAlgorithm
    ) throws(PKCS11Error) -> (id: [UInt8], key: PublicKeyComponents) {
        let kind = try TokenKeyKind(algorithm)
        let made = try attempt(writing: true) { session throws(PKCS11Error) in
            let id = Entropy.bytes(16)
            let label = "jobpass \(algorithm.rawValue)"
            return Made(id: id, key: try session.generate(kind, id: id, label: label, forGood: true).components)
        }
        return (made.id, made.key)
    }

    private struct Made: Sendable {
        let id: [UInt8]
        let key: PublicKeyComponents
    }

    /// Names a key for people, where the token allows that.
    ///
    /// - Throws: `PKCS11Error`.
    package func name(_ id: [UInt8], _ label: String) throws(PKCS11Error) {
        try attempt(writing: true) { session throws(PKCS11Error) in session.name(id, label) }
    }

    /// Destroys a key.
    ///
    /// - Throws: `PKCS11Error`.
    package func destroy(_ id: [UInt8]) throws(PKCS11Error) {
        try attempt(writing: true) { session throws(PKCS11Error) in try session.destroy(id) }
    }

    /// Signs a message by a key; the signature is in its JOSE form.
    ///
    /// - Throws: `PKCS11Error`.
    package func sign(
        _ message: [UInt8],
        by id: [UInt8],
        _ algorithm: SignatureAlgorithm
    ) throws(PKCS11Error) -> [UInt8] {
        let message = TokenMessage(message, for: algorithm)
        return try use { session throws(PKCS11Error) in try session.sign(message, by: id) }
    }

    /// Finds out whether the token is there and has a key.
    ///
    /// - Throws: `PKCS11Error`.
    package func check(_ id: [UInt8]) throws(PKCS11Error) {
        try use { session throws(PKCS11Error) in try session.check(id) }
    }

    /// A key that is gone when its value is, for measuring how fast the token signs.
    ///
    /// - Throws: `PKCS11Error`.
    package func temporaryKey(_ algorithm: SignatureAlgorithm) throws(PKCS11Error) -> TemporaryTokenKey {
        try attempt(writing: true) { session throws(PKCS11Error) in try TemporaryTokenKey(algorithm, in: session) }
    }

    /// Works with a session that is there, or else with a new one.
    private func use<Answer: Sendable>(
        _ work: (TokenSession) throws(PKCS11Error) -> Answer
    ) throws(PKCS11Error) -> Answer {
        if let stall { throw stall }
        if let session = state.withLock({ $0.idle.popLast() }) {
            do throws(PKCS11Error) {
                let answer = try work(session)
                keep(session)
                return answer
            } catch {
                guard error.code != .unsupported else { throw error }
                // The token may have been away: the other sessions are no better then.
                forget()
            }
        }
        return try attempt(writing: false, work)
    }

    /// Works with a new session; begins anew for a moment where the token fails that worked before.
    ///
    /// SoftHSM 2.6.1 keeps tokens in files, and fails where another process writes there at the same moment, as a login does.
    private func attempt<Answer: Sendable>(
        writing: Bool,
        _ work: (TokenSession) throws(PKCS11Error) -> Answer
    ) throws(PKCS11Error) -> Answer {
        if let stall { throw stall }
        let failure = failed.withLock { $0 }
        if let failure, failure.since.duration(to: .now) < Self.pause { throw failure.error }
        let end = ContinuousClock.now + (failure == nil ? Self.patience : .zero)
        var wait: UInt32 = 50_000
        while true {
            do throws(PKCS11Error) {
                let session = try state.withLock { state throws(PKCS11Error) in try open(&state, writing: writing) }
                let answer = try work(session)
                if !writing { keep(session) }
                return answer
            } catch {
                guard error.code == .token, ContinuousClock.now < end else {
                    settle(error)
                    throw error
                }
                state.withLock { ($0.connection, $0.idle) = (nil, []) }
                usleep(wait)
                wait *= 2
            }
        }
    }

    /// Puts a session that was of use to the others.
    private func keep(_ session: TokenSession) {
        state.withLock { $0.idle.append(session) }
        failed.withLock { $0 = nil }
    }

    /// Draws what follows from a failure that is final for now.
    private func settle(_ error: PKCS11Error) {
        switch error.code {
        case .token, .module, .pin:
            state.withLock { ($0.connection, $0.idle) = (nil, []) }
            failed.withLock { $0 = (error, .now) }
        // A token that was away may come back without what a running module knew of its keys.
        case .key: forget()
        case .unsupported: break
        }
    }

    /// Gives up what is at hand, so that the next call begins anew; where that was just done only the sessions.
    private func forget() {
        state.withLock { state in
            state.idle = []
            if let connected = state.connected, connected.duration(to: .now) < Self.pause { return }
            state.connection = nil
        }
    }

    private func open(_ state: inout State, writing: Bool) throws(PKCS11Error) -> TokenSession {
        let connection: TokenConnection
        if let present = state.connection ?? state.former {
            connection = present
        } else {
            connection = try TokenConnection(module: settings.module, token: settings.token)
            state.connected = .now
        }
        let session = try TokenSession(connection, writing: writing)
        try logIn(session, &state)
        (state.connection, state.former) = (connection, connection)
        failed.withLock { $0 = nil }
        return session
    }

    private func logIn(_ session: TokenSession, _ state: inout State) throws(PKCS11Error) {
        let pin = try pin()
        let hash = SHA256.hash(pin.withBytes { Array(copying: $0) }).bytes
        guard hash != state.refused else {
            throw PKCS11Error(
                .pin,
                "the token refused this PIN before, and locks itself after some wrong ones: mend its file"
            )
        }
        do throws(PKCS11Error) { try session.logIn(pin) } catch {
            if error.code == .pin { state.refused = hash }
            throw error
        }
        state.refused = nil
    }
}

/// A key in a token that ends with its value, for one thread.
package final class TemporaryTokenKey: Sendable {
    /// The key that verifies what this one signs.
    package let publicKey: PublicKeyComponents
    private let algorithm: SignatureAlgorithm
    private let session: TokenSession
    private let key: UInt

    init(_ algorithm: SignatureAlgorithm, in session: TokenSession) throws(PKCS11Error) {
        let kind = try TokenKeyKind(algorithm)
        let made = try session.generate(kind, id: Entropy.bytes(16), label: "jobpass bench", forGood: false)
        (key, publicKey) = (made.privateKey, made.components)
        self.algorithm = algorithm
        self.session = session
    }

    /// Signs a message.
    ///
    /// - Throws: `PKCS11Error`.
    package func sign(_ message: [UInt8]) throws(PKCS11Error) -> [UInt8] {
        try session.sign(TokenMessage(message, for: algorithm), key)
    }
}
