internal import CCurl
internal import HTTP

/// What libcurl is told of one request, and the memory that it keeps pointers to while it works on it.
@safe final class TransferOptions {
    private let easy: UnsafeMutableRawPointer  // CURL *
    private let buffer: UnsafeMutablePointer<CChar>
    private var fields: UnsafeMutablePointer<curl_slist>?
    /// The first refusal of an option; a request goes out with all of them or not at all.
    private var failure = CURLE_OK

    /// Sets every option of a request.
    init(_ request: OutgoingRequest, to url: OutgoingURL, on easy: UnsafeMutableRawPointer) throws(TransportError) {
        unsafe self.easy = easy
        unsafe buffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe buffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        note(unsafe ccurl_setopt_url(easy, url.handle))
        note(unsafe ccurl_setopt_pointer(easy, CURLOPT_ERRORBUFFER, buffer))
        setWhatNeverChanges()
        setTrust(request.certificateAuthorities)
        setLimits(request.limits)
        setMethod(request.method, request.body)
        try setFields(request, url)
        guard failure == CURLE_OK else {
            let words = unsafe String(cString: curl_easy_strerror(failure))
            throw TransportError(.connection, endpoint: url.endpoint, reason: "libcurl refuses an option: \(words)")
        }
    }

    deinit {
        unsafe curl_slist_free_all(fields)
        unsafe buffer.deallocate()
    }

    /// What libcurl says of a failure, where it says more than its code does.
    var message: String { unsafe String(cString: buffer) }

    private func setWhatNeverChanges() {
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        set(CURLOPT_NOSIGNAL, 1)
        // Giving up on a name does not wait for the resolver's thread.
        set(CURLOPT_QUICK_EXIT, 1)
    }

    private func setTrust(_ authorities: String?) {
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        // The system's directory of authorities would be trusted beside a file that is to stand in its place; and with the
        // file alone libcurl keeps what it has read, so that a handshake does not read all authorities again.
        note(unsafe ccurl_setopt_string(easy, CURLOPT_CAPATH, nil))
        if let authorities { set(CURLOPT_CAINFO, authorities) }
        set(CURLOPT_CA_CACHE_TIMEOUT, 300)
    }

    private func setLimits(_ limits: OutgoingRequest.Limits) {
        set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(limits.connect))
        set(CURLOPT_TIMEOUT_MS, Self.milliseconds(limits.total))
        // Where the length is announced, none of it is taken.
        note(unsafe ccurl_setopt_size(easy, CURLOPT_MAXFILESIZE_LARGE, max(1, curl_off_t(limits.responseBytes))))
    }

    private func setMethod(_ method: HTTPMethod, _ body: [UInt8]) {
        switch method {
        case .get where body.isEmpty: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .post, .put, .patch, .get, .delete, .options:
            if method == .post || method == .put || method == .patch || !body.isEmpty {
                note(unsafe ccurl_setopt_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
                note(unsafe ccurl_setopt_bytes(easy, CURLOPT_COPYPOSTFIELDS, body))
            }
            set(CURLOPT_CUSTOMREQUEST, method.rawValue)
        }
    }

    private func setFields(_ request: OutgoingRequest, _ url: OutgoingURL) throws(TransportError) {
        // libcurl would name a type of its own for a body without one, and wait for leave to send a long one.
        var lines = ["Expect:"]
        if request.fields["Content-Type"] == nil { lines.append("Content-Type:") }
        for field in request.fields.fields {
            guard FieldText.isName(field.name), FieldText.isValue(field.value) else {
                let reason = "the header field \(field.name.debugDescription) holds characters that no field may hold"
                throw TransportError(.badURL, endpoint: url.endpoint, reason: reason)
            }
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        for line in lines {
            guard let longer = unsafe curl_slist_append(fields, line) else { return note(CURLE_OUT_OF_MEMORY) }
            unsafe fields = longer
        }
        note(unsafe ccurl_setopt_list(easy, CURLOPT_HTTPHEADER, fields))
    }

    /// Zero would be no limit at all.
    private static func milliseconds(_ duration: Duration) -> Int { max(1, Int(duration / .milliseconds(1))) }

    private func set(_ option: CURLoption, _ value: Int) { note(unsafe ccurl_setopt_long(easy, option, value)) }

    private func set(_ option: CURLoption, _ value: String) { note(unsafe ccurl_setopt_string(easy, option, value)) }

    private func note(_ code: CURLcode) {
        if failure == CURLE_OK { failure = code }
    }
}
