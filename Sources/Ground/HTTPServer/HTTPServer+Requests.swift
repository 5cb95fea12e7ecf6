internal import CEventHTTP
internal import EventLoop
internal import HTTP

/// The way of a request from libevent to the handler.
extension HTTPServer {
    /// Reads a request strictly, then lets the handler answer it, or refuses it.
    func received(_ request: UnsafeMutablePointer<evhttp_request>) {
        guard let connection = unsafe connection(of: request) else { return }
        unsafe connection.take(request)
        if connection.isSurplus, isOverfull {
            settings.notice(.crowded)
            connection.answer(
                settings.errorBody(503, "as many connections are open as this server takes"),
                closing: true
            )
            return
        }
        switch unsafe IncomingRequest(request, of: connection).read() {
        case .refused(let refusal):
            connection.answer(settings.errorBody(refusal.status, refusal.reason), closing: true)
        case .accepted(let request, let isLast):
            Task.immediate(executorPreference: loop) { [handler] in
                let response = await handler(request)
                connection.answer(response, closing: isLast)
            }
        }
    }

    /// What clients are told of TLS; nil for nothing, as by plain HTTP, where it must not be told (RFC 6797, section 7.2).
    var strictTransport: String? {
        let seconds = settings.strictTransport.components.seconds
        return tls == nil || seconds <= 0 ? nil : "max-age=\(seconds)"
    }
}
