import JSON
import POSIX
import Support
import Testing

/// Keys for RS256, which `jobpass init` made once for all sites of this process.
///
/// To make two takes longer than all else that a site needs. Each site makes its other keys itself.
struct ReadyKeys: Sendable {
    private struct Key: Sendable {
        /// `trusted` or `untrusted`.
        let ring: String
        let file: String
        let bytes: [UInt8]
        let kid: String
        let life: JSON
    }

    private let keys: [Key]

    static let shared = Result { try ReadyKeys() }

    private init() throws {
        let folder = try Folder()
        let made = try Finished(try BuiltCommand.path(), ["init", folder.path("site")])
        try #require(made.code == 0, "\(made)")
        keys = try ["trusted", "untrusted"].map { ring in
            let place = folder.path("site/keys/\(ring)")
            let file = try #require(try Files.list(place).first { $0.hasPrefix("RS256-") })
            let lives = try JSON.parse(Files.read("\(place)/life.json"))["keys"]?.asObject?.members
            let begin = file.split(separator: "-").dropFirst().joined(separator: "-").split(separator: ".")[0]
            let life = try #require(lives?.first { $0.name.hasPrefix(begin) })
            return Key(
                ring: ring,
                file: file,
                bytes: try Files.read("\(place)/\(file)"),
                kid: life.name,
                life: life.value
            )
        }
    }

    /// Puts them among the keys of a site that has none for RS256.
    func put(into directory: String) throws {
        for key in keys {
            let place = Paths.join(directory, key.ring)
            try Files.writeNew(Paths.join(place, key.file), key.bytes)
            let file = Paths.join(place, "life.json")
            var lives = try #require(JSON.parse(Files.read(file)).asObject)
            var known = try #require(lives["keys"]?.asObject)
            known[key.kid] = key.life
            lives["keys"] = .object(known)
            try Files.replace(file, JSON.object(lives).serialized())
        }
    }
}
