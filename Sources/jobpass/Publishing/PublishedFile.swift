internal import HTTP
internal import JSON
internal import POSIX
internal import Tokens

/// One document of an issuer, as it is to stand at a place that relying parties read.
struct PublishedFile: Equatable, Sendable {
    /// Below the place's own path: `.well-known/jwks.json`, `untrusted/.well-known/openid-configuration` and so on.
    let path: String
    let bytes: [UInt8]
    /// Whether it is a key set, which must overlap with the one that it replaces.
    let isKeySet: Bool

    /// Keys before the discovery document that leads to them, of the broker's own issuer and of those at further paths.
    static func paths(_ others: [String]) -> [(path: String, isKeySet: Bool)] {
        ([""] + others.map { "\($0)/" }).flatMap { issuer in
            [issuer, "\(issuer)untrusted/"].flatMap { ring in
                [("\(ring).well-known/jwks.json", true), ("\(ring).well-known/openid-configuration", false)]
            }
        }
    }
}

/// What is at a place, and what must still be there for it to be replaced.
struct PlacedFile: Equatable, Sendable {
    let bytes: [UInt8]
    /// The entity tag or generation, as the place gives it.
    let tag: String
}

/// Somewhere that relying parties read an issuer's documents from.
///
/// A write replaces what was read, or nothing: where somebody else has written meanwhile, it says so and has changed nothing.
protocol PublicationPlace: Sendable {
    /// What is at a path; nil where nothing is.
    ///
    /// - Throws: `CommandError`.
    func read(_ path: String) async throws(CommandError) -> PlacedFile?

    /// Puts a document in place of what was read there; false where that is not there any more.
    ///
    /// - Throws: `CommandError`.
    func write(_ file: PublishedFile, replacing old: PlacedFile?, cacheTime: Int64) async throws(CommandError) -> Bool
}

/// Publishes documents at a place, so that a reader finds keys that fit what it has, at every moment.
struct Publication: Sendable {
    /// What became of one document.
    enum Outcome: String, Sendable {
        case unchanged
        case written
        /// Both the keys of before and the new ones stand there until the next publication.
        case overlapping
    }

    let place: any PublicationPlace
    let cacheTime: Int64
    /// Keys that were retired or revoked here.
    let withdrawn: KeyOverlap.Withdrawn

    func publish(_ file: PublishedFile) async throws(CommandError) -> Outcome {
        for _ in 0..<3 {
            let old = try await place.read(file.path)
            var new = file
            if file.isKeySet, let old {
                let set = KeyOverlap.set(replacing: old.bytes, with: file.bytes, withdrawn: withdrawn)
                new = PublishedFile(path: file.path, bytes: set, isKeySet: true)
            }
            if old?.bytes == new.bytes { return .unchanged }
            if try await place.write(new, replacing: old, cacheTime: cacheTime) {
                return new == file ? .written : .overlapping
            }
        }
        throw CommandError(
            .tryAgain,
            "\(file.path) was changed by somebody else at each of three attempts",
            advice: "let one process publish there; what was there last stays"
        )
    }
}
