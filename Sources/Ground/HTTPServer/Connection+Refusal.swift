internal import CEventHTTP
internal import EventLoop
internal import HTTP

/// The answers that libevent would make of its own, in HTML: what it cannot parse, or finds too large, it hands to nobody.
/// They are taken out of the output before a byte is sent, and ours put in their place.
extension Connection {
    /// Notices that libevent began to write without having been given an answer.
    func wrote(after offset: Int) {
        guard isUnused || phase == .reading, let status = status(at: offset), status != 100 else { return }
        enter(.answering)
        // libevent is still at it. The page is whole by the end of this turn, and goes out in the next at the earliest.
        server.loop.execute { self.replacePage(of: status) }
    }

    /// Refuses a request that has taken too long to arrive.
    func refuseLate() {
        server.settings.notice(.late)
        refuse(408, "the request did not arrive whole in time")
    }

    /// Refuses a request that is still arriving, and reads no more of it.
    func refuse(_ status: Int, _ reason: String) {
        guard phase == .reading else { return }
        enter(.answering)
        takeOver()
        write(server.settings.errorBody(status, reason))
    }

    private func replacePage(of status: Int) {
        guard phase == .answering else { return }
        takeOver()
        emptyOutput()
        write(refusal(of: status))
    }

    private func emptyOutput() {
        let output = unsafe bufferevent_get_output(stream)
        // libevent locks a plain stream's output against all but its own writing; a TLS stream that is locked sends the
        // same bytes for ever.
        let isPlain = unsafe bufferevent_openssl_get_ssl(stream) == nil
        if isPlain { unsafe evbuffer_unfreeze(output, 1) }
        unsafe evbuffer_drain(output, evbuffer_get_length(output))
        if isPlain { unsafe evbuffer_freeze(output, 1) }
    }

    /// Our answer for what libevent refused; it has one status for a bad head and for one over the limit.
    private func refusal(of status: Int) -> HTTPResponse {
        let limits = server.settings.limits
        return switch status {
        case 400 where received > limits.headBytes:
            server.settings.errorBody(431, "the request line and header fields are over \(limits.headBytes) bytes")
        case 413:
            server.settings.errorBody(413, "the body is over \(limits.bodyBytes) bytes, or its chunks are malformed")
        case 417: server.settings.errorBody(417, "the Expect field asks for more than 100-continue")
        default: server.settings.errorBody(status, "the request is malformed, or its length is not certain")
        }
    }

    /// Writes an answer that libevent's HTTP server knows nothing of, the last of its connection.
    private func write(_ response: HTTPResponse) {
        var head = "HTTP/1.1 \(response.status) \(Self.phrase(response.status))\r\n"
        if let strict = server.strictTransport { head += "\(Self.strict): \(strict)\r\n" }
        for field in response.fields.fields { head += "\(field.name): \(field.value)\r\n" }
        head += "Date: \(server.date)\r\nContent-Length: \(response.body.count)\r\nConnection: close\r\n\r\n"
        let bytes = Array(head.utf8) + response.body
        unsafe evbuffer_add(bufferevent_get_output(stream), bytes, bytes.count)
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 417: "Expectation Failed"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        default: "Error"
        }
    }

    /// The status of the status line that begins at an offset of the output.
    private func status(at offset: Int) -> Int? {
        let output = unsafe bufferevent_get_output(stream)
        var start = unsafe evbuffer_ptr()
        guard unsafe evbuffer_ptr_set(output, &start, offset, EVBUFFER_PTR_SET) == 0 else { return nil }
        // "HTTP/1.1 400 ", or a longer version that the client claimed.
        let line = unsafe [UInt8](unsafeUninitializedCapacity: 24) { buffer, count in
            count = max(0, unsafe evbuffer_copyout_from(output, &start, buffer.baseAddress, buffer.count))
        }
        let words = line.split(separator: UInt8(ascii: " "))
        guard words.count > 1, words[0].starts(with: "HTTP/".utf8) else { return nil }
        return Int(String(decoding: words[1], as: UTF8.self))
    }
}
