import Crypto
import Locks
import PKCS11
import Support
import Testing

/// SoftHSM2 in this very process: one test at a time, as they share its module.
@Suite("A PKCS#11 token", .serialized)
struct TokenTests {
    private let scratch: ScratchDirectory
    private let soft: SoftToken

    init() throws {
        scratch = try ScratchDirectory()
        soft = try SoftToken(in: scratch.path)
        soft.use()
    }

    private func token(
        _ name: String = "pkcs11:token=jobpass",
        module: String = SoftToken.module,
        longestCall: Duration = .seconds(60),
        pin: Lock<String> = Lock(SoftToken.pin)
    ) throws -> PKCS11Token {
        let settings = PKCS11Token.Settings(module: module, token: try #require(TokenName(name)))
        return PKCS11Token(settings, longestCall: longestCall) {
            SecretBytes(copying: Array(pin.withLock { $0 }.utf8))
        }
    }

    @Test("makes keys that sign for OpenSSL to verify, and that nobody can read", arguments: SignatureAlgorithm.signing)
    func signs(_ algorithm: SignatureAlgorithm) throws {
        let token = try token()
        let (id, components) = try token.generate(algorithm)
        #expect(algorithm.fits(components))
        let key = try PublicKey(components)
        for message in [[], [1, 2, 3], [UInt8](repeating: 7, count: 5_000)] as [[UInt8]] {
            let signature = try token.sign(message, by: id, algorithm)
            #expect(key.verify(signature, of: message, algorithm: algorithm))
            #expect(!key.verify(signature, of: message + [0], algorithm: algorithm))
        }
        try token.name(id, "a name of \(algorithm.rawValue)")
        let objects = try soft.objects()
        #expect(objects.contains("a name of \(algorithm.rawValue)"), "\(objects)")
        #expect(objects.contains("sensitive, always sensitive, never extractable"), "\(objects)")
        try token.destroy(id)
        #expect(throws: PKCS11Error.self) { try token.sign([1], by: id, algorithm) }
    }

    @Test("signs for eight threads at once, each in a session of its own")
    func together() async throws {
        let token = try token()
        let (id, components) = try token.generate(.es256)
        let key = try PublicKey(components)
        let good = try await withThrowingTaskGroup(of: Int.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    var good = 0
                    for round in 0..<25 {
                        let message = [UInt8(thread), UInt8(round)]
                        let signature = try token.sign(message, by: id, .es256)
                        good += key.verify(signature, of: message, algorithm: .es256) ? 1 : 0
                    }
                    return good
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(good == 200)
    }

    @Test("beside another one of the same module makes, finds, uses and destroys keys for eight threads at once")
    func crowd() async throws {
        _ = try SoftToken(in: scratch.path, label: "other")
        let tokens = [try token(), try token("pkcs11:token=other")]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                let token = tokens[thread % 2]
                group.addTask {
                    for round in 0..<4 {
                        let algorithm: SignatureAlgorithm = round % 2 == 0 ? .es256 : .edDSA
                        let (id, components) = try token.generate(algorithm)
                        try token.check(id)
                        let signature = try token.sign([7], by: id, algorithm)
                        #expect(try PublicKey(components).verify(signature, of: [7], algorithm: algorithm))
                        try token.destroy(id)
                    }
                }
            }
            try await group.waitForAll()
        }
        // Half a key that was left behind would let this fail, and every search after it.
        for token in tokens { #expect(try token.sign([1], by: token.generate(.es256).id, .es256).count == 64) }
        #expect(!(try soft.objects()).contains("EdDSA"))
    }

    @Test("whose module does not answer says so to who comes later, and signs when it goes on")
    func stalled() async throws {
        let server = try TokenServer(soft, at: "\(scratch.path)/socket")
        server.use()
        let token = try token(module: TokenServer.module, longestCall: .milliseconds(100))
        let id = try token.generate(.es256).id
        _ = try token.sign([1], by: id, .es256)
        #expect(token.stall == nil)
        server.hold(true)
        async let late = onThread { try token.sign([2], by: id, .es256).count }
        try eventually { token.stall != nil }
        let error = #expect(throws: PKCS11Error.self) { try token.sign([3], by: id, .es256) }
        #expect(
            error?.code == .token && error?.detail.contains("has not answered") ?? false,
            "\(String(describing: error))"
        )
        server.hold(false)
        #expect(try await late == 64)
        #expect(token.stall == nil)
        #expect(try token.sign([4], by: id, .es256).count == 64)
        server.end()
        #expect(throws: PKCS11Error.self) { try token.sign([5], by: id, .es256) }
        let another = try TokenServer(soft, at: "\(scratch.path)/socket")
        try eventually { (try? token.sign([6], by: id, .es256)) != nil }
        another.end()
    }

    @Test("is not asked a second time with a PIN that it refused, and opens with the right one")
    func pin() throws {
        let pin = Lock("000000")
        let token = try token(pin: pin)
        let first = #expect(throws: PKCS11Error.self) { try token.generate(.es256) }
        #expect(first?.code == .pin)
        try eventually {
            let again = #expect(throws: PKCS11Error.self) { try token.generate(.es256) }
            return again?.detail.contains("refused this PIN before") ?? false
        }
        pin.withLock { $0 = SoftToken.pin }
        try eventually { (try? token.generate(.es256)) != nil }
    }

    @Test("that is taken away fails at once, and signs again when it is back")
    func away() throws {
        let token = try token()
        let (id, components) = try token.generate(.es256)
        _ = try token.sign([1], by: id, .es256)
        try soft.take(away: true)
        for _ in 0..<5 { #expect(throws: PKCS11Error.self) { try token.sign([2], by: id, .es256) } }
        try soft.take(away: false)
        try eventually { (try? token.sign([3], by: id, .es256)) != nil }
        let key = try PublicKey(components)
        #expect(key.verify(try token.sign([4], by: id, .es256), of: [4], algorithm: .es256))
        #expect(token.failure == nil)
    }

    @Test(
        "that is not there is told from a module that is none",
        arguments: [
            ("/nowhere/module.so", "pkcs11:token=jobpass", PKCS11Error.Code.module),
            ("/etc/passwd", "pkcs11:token=jobpass", .module),
            (SoftToken.module, "pkcs11:token=other", .token),
            (SoftToken.module, "pkcs11:token=jobpass;serial=0", .token),
        ]
    )
    func missing(_ module: String, _ name: String, _ code: PKCS11Error.Code) throws {
        let settings = PKCS11Token.Settings(module: module, token: try #require(TokenName(name)))
        let token = PKCS11Token(settings) { SecretBytes(copying: Array(SoftToken.pin.utf8)) }
        let error = #expect(throws: PKCS11Error.self) { try token.generate(.es256) }
        #expect(error?.code == code, "\(String(describing: error))")
    }

    @Test("gives a key for measuring that leaves nothing behind")
    func temporary() throws {
        let key = try token().temporaryKey(.es256)
        let signature = try key.sign([1])
        #expect(try PublicKey(key.publicKey).verify(signature, of: [1], algorithm: .es256))
        #expect(try !soft.objects().contains("bench"))
    }

    @Test(
        "is named by a URI that has neither PIN nor module",
        arguments: [
            ("pkcs11:token=jobpass", true), ("pkcs11:token=a%20b;serial=01;manufacturer=x", true),
            ("pkcs11:token=jobpass?pin-value=1234", false), ("pkcs11:token=jobpass?pin-source=/x", false),
            ("pkcs11:token=jobpass?module-path=/x.so", false), ("token=jobpass", false), ("", false),
            ("pkcs11:token=%zz", false), ("pkcs11:unknown=jobpass", false),
        ]
    )
    func names(_ text: String, _ isGood: Bool) { #expect((TokenName(text) != nil) == isGood) }

    /// Tries until something holds, for a generous time: a token that failed is asked again a second later.
    private func eventually(_ holds: () throws -> Bool) throws {
        let start = ContinuousClock.now
        while try !holds() {
            try #require(start.duration(to: .now) < .seconds(60), "it never came to hold")
        }
    }
}

extension SignatureAlgorithm {
    fileprivate static let signing = allCases.filter(\.canSign)
}
