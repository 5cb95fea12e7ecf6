internal import Configuration
internal import HTTP
internal import JSON
internal import Time
internal import Tokens

/// The documents that are published, wherever they come from.
struct PublicationSource: Sendable {
    let files: [PublishedFile]
    /// For how many seconds a copy may be used.
    let cacheTime: Int64
    /// Keys that were retired or revoked, as far as that is known.
    let withdrawn: KeyOverlap.Withdrawn

    /// Those of this host's keys.
    ///
    /// - Throws: `CommandError` with exit code 78.
    init(_ settings: Settings) throws {
        let keys = try KeyPlace.open(settings)
        let issuers = try IssuerSet(opening: settings, keys)
        var documents: [String: [UInt8]] = [:]
        var withdrawn: Set<String> = []
        let paths: [(name: String?, path: String)] =
            [(nil, "")] + settings.issuers.map { ($0.name, "\($0.path)/") }
        for (name, path) in paths {
            for ring in IssuerRing.rings(of: name) {
                guard let issuer = issuers.pair(named: name)?.issuer(untrusted: ring.isUntrusted) else { continue }
                let prefix = path + (ring.isUntrusted ? "untrusted/" : "")
                documents["\(prefix).well-known/jwks.json"] = issuer.keyDocument.body
                documents["\(prefix).well-known/openid-configuration"] = issuer.discoveryDocument.body
                withdrawn.formUnion(try keys.withdrawn(from: ring, settings))
                // Of an issuer that was shut no key stands anywhere any more.
                if issuer.isShut { withdrawn.formUnion(issuer.keys.all.map(\.kid)) }
            }
        }
        files = PublishedFile.paths(settings.issuers.map(\.path)).map { path, isKeySet in
            PublishedFile(path: path, bytes: documents[path] ?? [], isKeySet: isKeySet)
        }
        cacheTime = settings.keys.cacheTime.wholeSeconds
        self.withdrawn = .known(withdrawn)
    }

    private init(files: [PublishedFile], cacheTime: Int64) {
        self.files = files
        self.cacheTime = cacheTime
        // A broker tells what it publishes, and that a key is missing there, not why.
        withdrawn = .unknown
    }

    /// Those that a broker serves to everybody.
    ///
    /// - Throws: `CommandError` where it does not.
    static func fetch(
        _ address: BrokerAddress,
        issuers: [String] = [],
        over transport: any Transport
    ) async throws(CommandError) -> PublicationSource {
        var files: [PublishedFile] = []
        var cacheTime: Int64 = 300
        for (path, isKeySet) in PublishedFile.paths(issuers) {
            let request = OutgoingRequest(
                .get,
                url: "\(address.url)/\(path)",
                fields: ["Accept": "application/json"],
                certificateAuthorities: address.authorities
            )
            let response: HTTPResponse
            do throws(TransportError) { response = try await transport.send(request) } catch {
                throw CommandError(error, at: address)
            }
            guard response.status == 200, (try? JSON.parse(response.body)) != nil else {
                throw CommandError(.unavailable, "\(address.url)/\(path) answered \(response.status), and no document")
            }
            let age = response.fields["Cache-Control"]?.split(separator: "=").last
            if let seconds = age.flatMap({ Int64($0) }) { cacheTime = seconds }
            files.append(PublishedFile(path: path, bytes: response.body, isKeySet: isKeySet))
        }
        return PublicationSource(files: files, cacheTime: cacheTime)
    }
}
