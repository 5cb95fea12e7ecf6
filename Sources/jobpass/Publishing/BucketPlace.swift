internal import Exchange
internal import HTTP
internal import POSIX
internal import Text
internal import Time

/// A bucket at AWS S3 or what speaks its protocol, or at Google Cloud Storage.
///
/// Each write is conditional on what was read: `If-Match` and `If-None-Match` at S3, the object's generation at Google.
struct BucketPlace: PublicationPlace {
    /// Who lets us write, and in which protocol.
    enum Access: Sendable {
        case s3(AWSSignature)
        case gcs(token: String)
    }

    /// Where the bucket is, its path included, without a slash at the end.
    let url: String
    let access: Access
    let transport: any Transport
    let certificateAuthorities: String?

    func read(_ path: String) async throws(CommandError) -> PlacedFile? {
        let response = try await send(.get, path, [:], [])
        switch response.status {
        case 200:
            guard let tag = response.fields[tagField] else {
                throw CommandError(.unavailable, "\(url)/\(path) has no \(tagField), so nothing can be replaced safely")
            }
            return PlacedFile(bytes: response.body, tag: tag)
        case 404: return nil
        default: throw refused(response, "read", path)
        }
    }

    func write(_ file: PublishedFile, replacing old: PlacedFile?, cacheTime: Int64) async throws(CommandError) -> Bool {
        var fields: HTTPFields = [
            "Content-Type": "application/json", "Cache-Control": "public, max-age=\(cacheTime)",
        ]
        switch (access, old) {
        case (.s3, let old?): fields.append("If-Match", old.tag)
        case (.s3, nil): fields.append("If-None-Match", "*")
        case (.gcs, let old): fields.append("x-goog-if-generation-match", old?.tag ?? "0")
        }
        let response = try await send(.put, file.path, fields, file.bytes)
        switch response.status {
        case 200, 201: return true
        // S3 answers 409 where another write was under way at the same moment.
        case 409, 412: return false
        default: throw refused(response, "write", file.path)
        }
    }

    private var tagField: String {
        switch access {
        case .s3: "ETag"
        case .gcs: "x-goog-generation"
        }
    }

    private func send(
        _ method: HTTPMethod,
        _ path: String,
        _ fields: HTTPFields,
        _ body: [UInt8]
    ) async throws(CommandError) -> HTTPResponse {
        var request = OutgoingRequest(
            method,
            url: "\(url)/\(path)",
            fields: fields,
            body: body,
            limits: OutgoingRequest.Limits(connect: .seconds(5), total: .seconds(30), responseBytes: 1 << 20),
            certificateAuthorities: certificateAuthorities
        )
        switch access {
        case .s3(let signature): request = signature.signedWithDigest(request, at: SystemClock.now())
        case .gcs(let token): request.fields.append("Authorization", "Bearer \(token)")
        }
        do throws(TransportError) { return try await transport.send(request) } catch {
            throw CommandError(.unavailable, "\(url) cannot be reached: \(error)")
        }
    }

    private func refused(_ response: HTTPResponse, _ verb: String, _ path: String) -> CommandError {
        let said = String(decoding: response.body.prefix(300), as: UTF8.self).madeVisible
        return CommandError(
            response.status >= 500 ? .unavailable : .denied,
            "\(url) lets us not \(verb) \(path): it answered \(response.status) \(said)",
            advice:
                "the credential needs to read and write objects there: s3:GetObject, s3:PutObject and s3:ListBucket (without which "
                + "a missing object is 403), or storage.objects.get, create and delete"
        )
    }
}
