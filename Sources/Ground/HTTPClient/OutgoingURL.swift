internal import CCurl
internal import HTTP

/// A URL that a request may go to: https, or http to a loopback address.
///
/// It is libcurl's own parse, and libcurl is given this parse rather than the text, so that what was checked is what is
/// asked.
@safe final class OutgoingURL: @unchecked Sendable {  // Nothing changes it after `init`.
    let handle: OpaquePointer  // CURLU *
    /// The scheme, host and port, for messages.
    let endpoint: String

    /// Parses and checks a URL.
    init(_ text: String) throws(TransportError) {
        guard let handle = unsafe curl_url() else {
            throw TransportError(.connection, endpoint: "", reason: "no memory")
        }
        do throws(TransportError) {
            endpoint = try unsafe Self.check(text, in: handle)
        } catch {
            unsafe curl_url_cleanup(handle)
            throw error
        }
        unsafe self.handle = handle
    }

    deinit {
        unsafe curl_url_cleanup(handle)
    }

    private static func check(_ text: String, in handle: OpaquePointer) throws(TransportError) -> String {
        // A NUL would end the text for libcurl alone.
        let isParsed = unsafe !text.utf8.contains(0) && curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK
        guard isParsed, let scheme = unsafe part(CURLUPART_SCHEME, of: handle),
            let host = unsafe part(CURLUPART_HOST, of: handle), !host.isEmpty,
            let port = unsafe part(CURLUPART_PORT, of: handle)
        else { throw TransportError(.badURL, endpoint: "", reason: "the URL cannot be parsed") }
        let endpoint = "\(scheme)://\(host):\(port)"
        if unsafe part(CURLUPART_USER, of: handle) != nil || part(CURLUPART_PASSWORD, of: handle) != nil {
            throw TransportError(.badURL, endpoint: endpoint, reason: "the URL holds a user name or password")
        }
        guard scheme == "https" || scheme == "http" && isLoopback(host) else {
            let reason = "only https is spoken, and http to a loopback address"
            throw TransportError(.badURL, endpoint: endpoint, reason: reason)
        }
        return endpoint
    }

    /// Whether a host is this machine by its text alone, whatever a resolver says; libcurl has put numeric addresses into
    /// their usual form, and resolves `localhost` itself.
    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        let flags = UInt32(CURLU_DEFAULT_PORT)
        guard unsafe curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text = unsafe text else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }
}
