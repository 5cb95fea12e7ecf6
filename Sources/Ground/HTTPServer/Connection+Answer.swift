internal import CEventHTTP
internal import EventLoop
internal import HTTP

/// The way of an answer to the client.
extension Connection {
    /// Answers the request that was taken; where the connection has ended meanwhile, the answer is nobody's.
    ///
    /// `closing` ends the connection after it, whatever the client has sent behind its request.
    func answer(_ response: HTTPResponse, closing: Bool = false) {
        server.loop.preconditionIsCurrent()
        guard phase == .handling, let request = unsafe request else { return }
        unsafe self.request = nil
        let response =
            response.isSendable ? response : server.settings.errorBody(500, "the answer has a bad header field")
        let fields = unsafe evhttp_request_get_output_headers(request)
        for field in response.fields.fields where !Self.own.contains(where: { HTTPFields.equal($0, field.name) }) {
            unsafe evhttp_add_header(fields, field.name, field.value)
        }
        unsafe evhttp_add_header(fields, "Date", server.date)
        if let strict = server.strictTransport { unsafe evhttp_add_header(fields, Self.strict, strict) }
        if response.mayHaveBody { unsafe evhttp_add_header(fields, "Content-Length", String(response.body.count)) }
        if closing || server.state != .open { unsafe evhttp_add_header(fields, "Connection", "close") }
        if response.mayHaveBody, unsafe evhttp_request_get_command(request) != EVHTTP_REQ_HEAD {
            unsafe evbuffer_add(evhttp_request_get_output_buffer(request), response.body, response.body.count)
        }
        unsafe evhttp_request_set_on_complete_cb(request, Self.answerSent, Unmanaged.passUnretained(self).toOpaque())
        enter(.answering)
        unsafe evhttp_send_reply(request, Int32(response.status), nil, nil)
        if closing { takeOver() }
        // libevent would read on to notice that the client hangs up, and then drop the answer of one that only has no more
        // to say (a half-closed connection), and keep in memory what another sends ahead.
        unsafe bufferevent_disable(stream, Int16(EV_READ))
    }

    /// By which a client is told to come by TLS alone (RFC 6797, section 6.1).
    static let strict = "Strict-Transport-Security"

    /// The fields that describe the connection and the framing, which are the server's.
    private static let own = ["Connection", "Content-Length", "Date", "Keep-Alive", "Transfer-Encoding"]

    private static let answerSent:
        @convention(c) (UnsafeMutablePointer<evhttp_request>?, UnsafeMutableRawPointer?) -> Void = { _, context in
            unsafe connection(context)?.answered()
        }
}

extension HTTPResponse {
    /// Whether the status allows a body (RFC 9110, section 6.4.1).
    fileprivate var mayHaveBody: Bool { status >= 200 && status != 204 && status != 304 }

    /// Whether every field is one line of what a field may hold; a line break in a value would be a field, or an answer,
    /// of somebody else's making.
    fileprivate var isSendable: Bool {
        (200...599).contains(status)
            && fields.fields.allSatisfy { FieldText.isName($0.name) && FieldText.isValue($0.value) }
    }
}
