internal import Crypto
internal import PKCS11
internal import POSIX

/// How many signatures this machine's OpenSSL makes a second on all its processors, with nothing around them.
enum SigningRate {
    /// Bytes that are signed, as many as a common token's head and claims have.
    private static let message = [UInt8](repeating: 0x61, count: 640)

    /// Signs for some time on every processor.
    static func measure(_ algorithm: SignatureAlgorithm, for time: Duration) async throws -> Double {
        try await withThrowingTaskGroup(of: Double.self) { group in
            for _ in 0..<ThisMachine.cores {
                let thread = try WorkerThread()
                group.addTask(executorPreference: thread) {
                    defer { thread.stop() }
                    return try rate(algorithm, for: time)
                }
            }
            return try await group.reduce(0, +)
        }
    }

    private static func rate(_ algorithm: SignatureAlgorithm, for time: Duration) throws -> Double {
        let key = try SigningKey.generate(for: algorithm)
        let start = ContinuousClock.now
        var (made, passed) = (0, Duration.zero)
        while passed < time {
            for _ in 0..<16 { _ = try key.sign(message) }
            made += 16
            passed = start.duration(to: .now)
        }
        return Double(made) / (passed / .seconds(1))
    }

    /// Signs for some time in a token, one signature after another as a broker does, with a key that is gone afterwards.
    static func measure(
        _ algorithm: SignatureAlgorithm,
        in token: PKCS11Token,
        for time: Duration
    ) async throws -> Double {
        let thread = try WorkerThread()
        defer { thread.stop() }
        return try await thread.run { () throws(PKCS11Error) in
            let key = try token.temporaryKey(algorithm)
            let start = ContinuousClock.now
            var (made, passed) = (0, Duration.zero)
            while passed < time {
                _ = try key.sign(message)
                made += 1
                passed = start.duration(to: .now)
            }
            return Double(made) / (passed / .seconds(1))
        }
    }
}
