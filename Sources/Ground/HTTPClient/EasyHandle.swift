internal import CCurl
internal import Glibc
internal import HTTP

/// libcurl's handle of one request, with all that libcurl is told of it and the memory that it keeps pointers to.
@safe final class EasyHandle {
    let pointer: UnsafeMutableRawPointer  // CURL *
    private let buffer: UnsafeMutablePointer<CChar>
    private var fields: UnsafeMutablePointer<curl_slist>?
    /// The first refusal of an option; a request goes out with all of them or not at all.
    private var failure = CURLE_OK

    /// Makes the handle of a request.
    init(_ request: OutgoingRequest, endpoint: String) throws(TransportError) {
        guard Library.isReady, let pointer = unsafe curl_easy_init() else {
            throw TransportError(.connection, endpoint: endpoint, reason: "libcurl cannot make a request")
        }
        unsafe self.pointer = pointer
        unsafe buffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe buffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        note(unsafe ccurl_setopt_pointer(pointer, CURLOPT_ERRORBUFFER, buffer))
        set(CURLOPT_URL, request.url)
        setWhatNeverChanges()
        setTrust(request.certificateAuthorities)
        setCertificate(request.clientCertificate)
        setLimits(request.limits)
        setMethod(request.method, request.body)
        try setFields(request.fields, endpoint)
        guard failure == CURLE_OK else {
            let words = unsafe String(cString: curl_easy_strerror(failure))
            throw TransportError(.connection, endpoint: endpoint, reason: "libcurl refuses an option: \(words)")
        }
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(fields)
        unsafe buffer.deallocate()
    }

    /// What libcurl says of a failure, where it says more than its code does.
    var message: String { unsafe String(cString: buffer) }

    /// The status of the response; 0 before there is one.
    var status: Int {
        var status = 0
        unsafe ccurl_getinfo_long(pointer, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// Has functions called with what comes of the response; they and the context must outlive the transfer.
    func receive(
        body: @escaping curl_write_callback,
        line: @escaping curl_write_callback,
        context: UnsafeMutableRawPointer
    ) {
        unsafe ccurl_setopt_callback(pointer, CURLOPT_WRITEFUNCTION, body)
        unsafe ccurl_setopt_pointer(pointer, CURLOPT_WRITEDATA, context)
        unsafe ccurl_setopt_callback(pointer, CURLOPT_HEADERFUNCTION, line)
        unsafe ccurl_setopt_pointer(pointer, CURLOPT_HEADERDATA, context)
    }

    private func setWhatNeverChanges() {
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        set(CURLOPT_NOSIGNAL, 1)
        // Giving up on a name does not wait for the resolver's thread.
        set(CURLOPT_QUICK_EXIT, 1)
        note(unsafe ccurl_setopt_sockets(pointer, Self.openSocket))
    }

    private func setTrust(_ authorities: String?) {
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        // The system's directory of authorities would be trusted beside a file that is to stand in its place; and with the
        // file alone libcurl keeps what it has read, so that a handshake does not read all authorities again.
        note(unsafe ccurl_setopt_string(pointer, CURLOPT_CAPATH, nil))
        if let authorities { set(CURLOPT_CAINFO, authorities) }
        set(CURLOPT_CA_CACHE_TIMEOUT, 300)
    }

    private func setCertificate(_ certificate: ClientCertificate?) {
        guard let certificate else { return }
        set(CURLOPT_SSLCERT, certificate.certificate)
        set(CURLOPT_SSLKEY, certificate.key)
        // Without one OpenSSL would ask the terminal for a passphrase.
        set(CURLOPT_KEYPASSWD, "")
    }

    private func setLimits(_ limits: OutgoingRequest.Limits) {
        set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(limits.connect))
        set(CURLOPT_TIMEOUT_MS, Self.milliseconds(limits.total))
        // Where the length is announced, none of it is taken.
        note(unsafe ccurl_setopt_size(pointer, CURLOPT_MAXFILESIZE_LARGE, max(1, curl_off_t(limits.responseBytes))))
    }

    private func setMethod(_ method: HTTPMethod, _ body: [UInt8]) {
        switch method {
        case .get where body.isEmpty: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .get, .post, .put, .patch, .delete, .options:
            if [.post, .put, .patch].contains(method) || !body.isEmpty {
                note(unsafe ccurl_setopt_size(pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
                note(unsafe ccurl_setopt_bytes(pointer, CURLOPT_COPYPOSTFIELDS, body))
            }
            set(CURLOPT_CUSTOMREQUEST, method.rawValue)
        }
    }

    private func setFields(_ requested: HTTPFields, _ endpoint: String) throws(TransportError) {
        // libcurl would wait for leave to send a long body, and name a type of its own for one that has none.
        var lines = ["Expect:"]
        if requested["Content-Type"] == nil { lines.append("Content-Type:") }
        for field in requested.fields {
            guard FieldText.isName(field.name), FieldText.isValue(field.value) else {
                let reason = "the header field \(field.name.debugDescription) holds characters that no field may hold"
                throw TransportError(.badURL, endpoint: endpoint, reason: reason)
            }
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        for line in lines {
            guard let longer = unsafe curl_slist_append(fields, line) else { return note(CURLE_OUT_OF_MEMORY) }
            unsafe fields = longer
        }
        note(unsafe ccurl_setopt_list(pointer, CURLOPT_HTTPHEADER, fields))
    }

    /// Zero would be no limit at all.
    private static func milliseconds(_ duration: Duration) -> Int { max(1, Int(duration / .milliseconds(1))) }

    private func set(_ option: CURLoption, _ value: Int) { note(unsafe ccurl_setopt_long(pointer, option, value)) }

    private func set(_ option: CURLoption, _ value: String) { note(unsafe ccurl_setopt_string(pointer, option, value)) }

    private func note(_ code: CURLcode) {
        if failure == CURLE_OK { failure = code }
    }

    /// A connection to a broker or cloud is no child process's to use.
    private static let openSocket: curl_opensocket_callback = { _, _, address in
        guard let address = unsafe address?.pointee else { return CURL_SOCKET_BAD }
        return socket(address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
    }
}
