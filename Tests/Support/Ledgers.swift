package import Crypto
internal import Encoding
package import Ledger
internal import Time

extension SigningKey {
    /// The Ed25519 key of a seed (RFC 8032), put into the PKCS#8 that OpenSSL reads (RFC 8410, section 7).
    package static func ed25519(seed: [UInt8]) throws -> SigningKey {
        let der = try Hex.decode("302e020100300506032b657004220420") + seed
        let pem = "-----BEGIN PRIVATE KEY-----\n\(Base64.encode(der))\n-----END PRIVATE KEY-----\n"
        return try SigningKey(pem: SecretBytes(copying: Array(pem.utf8)))
    }
}

/// A ledger with fixed key and name, a clock that the test turns, and salts that count.
package struct LedgerHarness: Sendable {
    package let clock: TestClock
    package let signer: CheckpointSigner
    package let storage: any LedgerStorage
    /// What its receipts tell the state of.
    package let mark: (any CommitMark)?

    /// Makes the surroundings of a ledger on some storage; nothing is set up yet.
    package init(
        storage: any LedgerStorage,
        seed: UInt8 = 0,
        name: String = "broker.example.test/log",
        mark: (any CommitMark)? = nil
    ) throws {
        self.storage = storage
        self.mark = mark
        clock = TestClock()
        signer = try CheckpointSigner(name: KeyName(name), key: .ed25519(seed: Array(seed..<seed + 32)))
    }

    package var surroundings: Ledger.Surroundings {
        Ledger.Surroundings(
            storage: storage,
            signer: signer,
            clock: clock.wall,
            entropy: { count in (0..<count).map { UInt8(truncatingIfNeeded: $0) } },
            mark: mark
        )
    }

    /// Sets up a ledger without entries.
    package func create() throws { try Ledger.create(in: surroundings) }

    /// Opens the ledger.
    package func open() throws -> Ledger { try Ledger.open(in: surroundings) }

    /// The entry that is stored at an index.
    package func leaf(_ index: Int) throws -> Leaf {
        let stored = try storage.entries(in: UInt64(index)..<UInt64(index) + 1)
        guard let entry = stored.first else { throw LedgerCheckFailure(description: "there is no entry \(index)") }
        return try Leaf(bytes: entry.bytes)
    }

    /// Verifies all that is stored, by other code than the ledger's own; returns how many entries there are.
    @discardableResult
    package func check() throws -> UInt64 { try LedgerChecker(storage: storage, key: signer.verifier).check() }
}

extension Entry {
    /// An issued token as the broker records it, with about 600 canonical bytes.
    package static func token(_ number: Int, project: String = "acme/web", outcome: Outcome = .succeeded) -> Entry {
        var entry = Entry(outcome == .succeeded ? .tokenIssued : .tokenDenied, outcome, trace: "trace-\(number)")
        entry.run = "run_\(number)"
        entry.issuer = "https://ci.example.com"
        entry.kid = "vJ8qWx1bT3m0N5c9R7y2Lk4Hs6Pd8Fg1Zt3Xa5Qe7Uo"
        entry.audience = "sts.amazonaws.com"
        entry.jti = "jti-\(number)"
        entry.expires = UnixTime(seconds: 1_795_340_100)
        entry.tokenSHA256 = SHA256.hash("token \(number)")
        entry.claims = Array(
            """
            {"iss":"https://ci.example.com","sub":"project:\(project):ref:refs/heads/main:workflow:deploy:job:release",\
            "aud":"sts.amazonaws.com","iat":1795339800,"nbf":1795339770,"exp":1795340100,"jti":"jti-\(number)",\
            "project":"\(project)","workflow":"deploy","job":"release","ref":"refs/heads/main","environment":"production"}
            """.utf8
        )
        return entry
    }
}

extension Ledger {
    /// Records so many issued tokens, many at a time.
    package func record(tokens count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count { group.addTask { _ = try await self.record(.token(number)) } }
            try await group.waitForAll()
        }
    }
}
