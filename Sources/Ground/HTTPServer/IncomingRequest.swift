internal import CEventHTTP
internal import HTTP

/// A request as libevent parsed it, which it does leniently, to be read strictly.
///
/// Whatever leaves doubt where the request ends (RFC 9112, section 6.3) is refused, and every refusal ends the connection,
/// so that no byte of one request is ever taken for the next.
@safe struct IncomingRequest {
    private let request: UnsafeMutablePointer<evhttp_request>
    private let connection: Connection
    private let limits: HTTPServer.Limits

    /// Takes a request that libevent has handed over on a connection.
    init(_ request: UnsafeMutablePointer<evhttp_request>, of connection: Connection) {
        unsafe self.request = request
        self.connection = connection
        limits = connection.server.settings.limits
    }

    /// What reading comes to.
    enum Outcome {
        /// A request for the handler; `isLast` ends the connection after its answer.
        case accepted(HTTPRequest, isLast: Bool)
        case refused(Refusal)
    }

    /// An answer in place of the handler's.
    struct Refusal: Error {
        let status: Int
        let reason: String

        /// Makes a refusal of a status, and why.
        init(_ status: Int, _ reason: String) {
            self.status = status
            self.reason = reason
        }
    }

    /// Reads the request.
    func read() -> Outcome {
        do throws(Refusal) {
            try checkVersion()
            let fields = try fields()
            let method = try method()
            let target = try target()
            try checkHost(fields, isRequired: unsafe request.pointee.minor == 1)
            let isChunked = try checkFraming(fields, method)
            try checkNUL(isChunked: isChunked)
            let read = try HTTPRequest(
                method: method,
                path: target.path,
                query: target.query,
                fields: fields,
                body: body(),
                peer: peer(fields)
            )
            // libevent is lenient with chunk sizes: after a chunked body, what follows may not be what another reader
            // sees, and so is not read (RFC 9112, section 6.1).
            return .accepted(read, isLast: isChunked)
        } catch {
            return .refused(error)
        }
    }

    /// Who sent it, as far as proxies that are believed tell.
    ///
    /// A certificate is the proxy's, and proves nothing of whoever is behind it.
    private func peer(_ fields: HTTPFields) throws(Refusal) -> HTTPPeer {
        guard let proxies = connection.server.settings.proxies, let number = connection.number else {
            return connection.peer
        }
        guard let client = proxies.client(of: fields, through: number) else {
            throw Refusal(400, "the field by which a proxy says for whom it speaks is malformed")
        }
        return client == number ? connection.peer : HTTPPeer(address: client.description, certificate: nil)
    }

    /// A minor version that there is not is taken for the highest that is spoken (RFC 9110, section 2.5).
    private func checkVersion() throws(Refusal) {
        let isSpoken = unsafe request.pointee.major == 1
        // libevent's answer would claim the client's version.
        unsafe request.pointee.major = 1
        if unsafe !isSpoken || request.pointee.minor != 0 { unsafe request.pointee.minor = 1 }
        if !isSpoken { throw Refusal(505, "the version is not HTTP/1.1 or 1.0") }
    }

    private func method() throws(Refusal) -> HTTPMethod {
        switch unsafe evhttp_request_get_command(request) {
        case EVHTTP_REQ_GET: return .get
        case EVHTTP_REQ_HEAD: return .head
        case EVHTTP_REQ_POST: return .post
        case EVHTTP_REQ_PUT: return .put
        case EVHTTP_REQ_DELETE: return .delete
        case EVHTTP_REQ_OPTIONS: return .options
        case EVHTTP_REQ_PATCH: return .patch
        default: throw Refusal(501, "the method is not one of GET, HEAD, POST, PUT, DELETE, OPTIONS and PATCH")
        }
    }

    private func target() throws(Refusal) -> RequestTarget {
        guard let text = unsafe request.pointee.uri else { throw Refusal(400, "the request target is missing") }
        let target = unsafe String(cString: text)
        guard target.utf8.count <= limits.targetBytes else {
            throw Refusal(414, "the request target is over \(limits.targetBytes) bytes")
        }
        guard let target = RequestTarget(target) else {
            throw Refusal(400, "the request target is no path or http URL")
        }
        return target
    }

    private func fields() throws(Refusal) -> HTTPFields {
        var fields = HTTPFields()
        var count = 0
        var next = unsafe evhttp_request_get_input_headers(request).pointee.tqh_first
        while let field = unsafe next {
            count += 1
            guard count <= limits.fields else { throw Refusal(431, "there are over \(limits.fields) header fields") }
            guard let name = unsafe String(validatingCString: field.pointee.key), FieldText.isName(name) else {
                throw Refusal(400, "the name of header field \(count) is no token")
            }
            guard let value = unsafe String(validatingCString: field.pointee.value), FieldText.isValue(value) else {
                throw Refusal(400, "the value of the header field \(name) is not UTF-8, or has control characters")
            }
            fields.append(name, value)
            unsafe next = field.pointee.next.tqe_next
        }
        return fields
    }

    /// RFC 9112, section 3.2: exactly one Host, and a possible one.
    private func checkHost(_ fields: HTTPFields, isRequired: Bool) throws(Refusal) {
        let hosts = fields.values("Host")
        guard hosts.count == 1 || hosts.isEmpty && !isRequired else {
            throw Refusal(400, "there are \(hosts.count) Host fields where one is wanted")
        }
        guard hosts.allSatisfy(FieldText.isAuthority) else { throw Refusal(400, "the Host field is no host") }
    }

    /// Whether the body is chunked; RFC 9112, sections 6.1 to 6.3, without the leniency that they allow.
    private func checkFraming(_ fields: HTTPFields, _ method: HTTPMethod) throws(Refusal) -> Bool {
        let lengths = fields.values("Content-Length")
        let codings = fields.values("Transfer-Encoding")
        guard lengths.isEmpty || codings.isEmpty else {
            throw Refusal(400, "Content-Length and Transfer-Encoding stand in one request")
        }
        guard lengths.count <= 1, codings.count <= 1 else {
            throw Refusal(400, "a Content-Length or Transfer-Encoding field is repeated")
        }
        for length in lengths {
            guard !length.isEmpty, length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw Refusal(400, "Content-Length is no number")
            }
            // libevent reads no body here, so these bytes would be taken for a request.
            if method == .head, length.utf8.contains(where: { $0 != 0x30 }) {
                throw Refusal(400, "a HEAD request has a body")
            }
        }
        guard let coding = codings.first else { return false }
        if method == .head { throw Refusal(400, "a HEAD request has a body") }
        guard unsafe request.pointee.minor == 1 else {
            throw Refusal(400, "Transfer-Encoding stands in an HTTP/1.0 request")
        }
        // libevent decodes the body for this one value alone.
        guard HTTPFields.equal(coding, "chunked") else { throw Refusal(501, "the only transfer coding is chunked") }
        return true
    }

    /// libevent takes a NUL for the end of a line's text, and so reads something other than what a proxy forwarded.
    private func checkNUL(isChunked: Bool) throws(Refusal) {
        guard let firstNUL = connection.firstNUL else { return }
        let input = unsafe bufferevent_get_input(connection.stream)
        let whole = unsafe connection.received - evbuffer_get_length(input)
        // The size of chunks is not known any more; then the first bytes of a body may count as the head's end, at worst.
        let head =
            unsafe isChunked ? request.pointee.headers_size + 2 * limits.fields : whole - request.pointee.body_size
        if firstNUL < head { throw Refusal(400, "there is a NUL byte before the body") }
    }

    private func body() -> [UInt8] {
        let input = unsafe evhttp_request_get_input_buffer(request)
        let size = unsafe evbuffer_get_length(input)
        if size == 0 { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = max(0, unsafe Int(evbuffer_remove(input, buffer.baseAddress, size)))
        }
    }
}
