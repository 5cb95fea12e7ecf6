internal import Exchange
internal import HTTP
internal import POSIX

/// Where `keys publish` is told to publish: a directory, `s3://BUCKET/PATH` or `gs://BUCKET/PATH`.
struct PublicationTarget: Sendable {
    private enum Kind: Sendable {
        case directory
        case s3
        case gcs
    }

    private let kind: Kind
    private let bucket: String
    private let path: String

    /// Reads a place.
    ///
    /// - Throws: `CommandError` with exit code 64.
    init(_ text: String) throws(CommandError) {
        let schemes: [(String, Kind)] = [("s3://", .s3), ("gs://", .gcs)]
        guard let (scheme, kind) = schemes.first(where: { text.hasPrefix($0.0) }) else {
            guard !text.contains("://") else {
                throw .usage(
                    "keys publish: '\(text)' is no place that is known",
                    advice: "write a directory, s3://BUCKET/PATH or gs://BUCKET/PATH"
                )
            }
            (self.kind, bucket, path) = (.directory, "", text)
            return
        }
        let parts = text.dropFirst(scheme.count).split(separator: "/").map(String.init)
        let isPlain = parts.allSatisfy { part in
            part != "." && part != ".."
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case 48...57, 65...90, 97...122: true
                    default: "-._~".utf8.contains(byte)
                    }
                }
        }
        guard let bucket = parts.first, isPlain else {
            throw .usage(
                "keys publish: '\(text)' is no bucket",
                advice: "write \(scheme)BUCKET or \(scheme)BUCKET/PATH"
            )
        }
        self.kind = kind
        self.bucket = bucket
        path = parts.dropFirst().map { "/\($0)" }.joined()
    }

    /// The place, with whatever the environment has that lets us write there.
    ///
    /// - Throws: `CommandError` where a region or credential is missing.
    func place(
        _ environment: Environment,
        region: String?,
        endpoint: String?,
        authorities: String?,
        over transport: any Transport
    ) throws(CommandError) -> any PublicationPlace {
        switch kind {
        case .directory: return DirectoryPlace(directory: path)
        case .s3:
            guard
                let region = region ?? environment.nonEmpty("AWS_REGION") ?? environment.nonEmpty("AWS_DEFAULT_REGION")
            else { throw .usage("keys publish: no region", advice: "give --region or set AWS_REGION") }
            let key = try variable("AWS_ACCESS_KEY_ID", environment)
            let signature = AWSSignature(
                accessKeyID: key,
                secretAccessKey: try variable("AWS_SECRET_ACCESS_KEY", environment),
                sessionToken: environment.nonEmpty("AWS_SESSION_TOKEN"),
                region: region,
                service: "s3"
            )
            return bucket(
                at: endpoint ?? "https://s3.\(region).\(AWSSignature.domain(of: region))",
                .s3(signature),
                authorities,
                transport
            )
        case .gcs:
            let token = try variable("GOOGLE_OAUTH_ACCESS_TOKEN", environment)
            return bucket(at: endpoint ?? "https://storage.googleapis.com", .gcs(token: token), authorities, transport)
        }
    }

    private func bucket(
        at endpoint: String,
        _ access: BucketPlace.Access,
        _ authorities: String?,
        _ transport: any Transport
    ) -> BucketPlace {
        let base = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        return BucketPlace(
            url: "\(base)/\(bucket)\(path)",
            access: access,
            transport: transport,
            certificateAuthorities: authorities
        )
    }

    private func variable(_ name: String, _ environment: Environment) throws(CommandError) -> String {
        guard let value = environment.nonEmpty(name) else {
            throw CommandError(
                .denied,
                "keys publish: \(name) is not set",
                advice: "let a target give it: jobpass exec --keys TARGET -- jobpass keys publish …"
            )
        }
        return value
    }
}
