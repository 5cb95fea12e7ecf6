internal import CCurl
internal import EventLoop
internal import HTTP

/// libcurl's multi handle on a loop: it tells libcurl when descriptors are ready and time has passed, and learns from it
/// which transfers are done.
@safe final class Engine: @unchecked Sendable {  // Its state is touched on its loop's thread alone.
    typealias Completion = @Sendable (Result<HTTPResponse, TransportError>) -> Void

    let loop: EventLoop
    private var multi: UnsafeMutableRawPointer?  // CURLM *
    private var timer: EventTimer?
    private var watches: [curl_socket_t: EventWatch] = [:]
    /// The transfers under way, which libcurl knows by the address of their easy handle.
    private var transfers: [UInt: (transfer: Transfer, completion: Completion)] = [:]
    private var isClosed = false

    /// More requests wait for one of these, within their own time limit.
    private let mostConnections: Int
    private let mostIdleConnections: Int

    /// Makes an engine that opens nothing yet.
    init(on loop: EventLoop, connections: Int?) {
        self.loop = loop
        mostConnections = connections ?? 256
        mostIdleConnections = connections ?? 32
    }

    /// Begins a transfer; the completion runs once, on the loop's thread.
    func begin(_ transfer: Transfer, completion: @escaping Completion) {
        if transfer.isCancelled { return completion(.failure(transfer.error(.cancelled, "the request was cancelled"))) }
        guard !isClosed, let multi = unsafe open() else {
            return completion(.failure(transfer.error(.cancelled, "the client is closed")))
        }
        transfers[transfer.key] = (transfer, completion)
        let code = unsafe curl_multi_add_handle(multi, transfer.handle.pointer)
        if code != CURLM_OK { finish(transfer.key, CURLE_FAILED_INIT) }
    }

    /// Aborts a transfer, begun or still to begin.
    func cancel(_ transfer: Transfer) {
        transfer.isCancelled = true
        finish(transfer.key, CURLE_ABORTED_BY_CALLBACK)
    }

    deinit {
        // Not closed, so the loop has ended, and nothing else touches what this frees.
        guard let multi = unsafe multi else { return }
        unsafe ccurl_multi_setopt_sockets(multi, nil, nil)
        unsafe ccurl_multi_setopt_timer(multi, nil, nil)
        unsafe curl_multi_cleanup(multi)
    }

    /// Aborts all transfers and closes all connections.
    func close() {
        isClosed = true
        for (key, entry) in transfers {
            entry.transfer.isCancelled = true
            finish(key, CURLE_ABORTED_BY_CALLBACK)
        }
        if let multi = unsafe multi { unsafe curl_multi_cleanup(multi) }
        unsafe multi = nil
        timer = nil
        watches = [:]
    }

    private func open() -> UnsafeMutableRawPointer? {
        if let multi = unsafe multi { return unsafe multi }
        guard Library.isReady, let multi = unsafe curl_multi_init() else { return nil }
        do throws(EventLoopError) {
            timer = try EventTimer(on: loop) { [unowned self] in advance(CURL_SOCKET_BAD, 0) }
        } catch {
            unsafe curl_multi_cleanup(multi)
            return nil
        }
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe ccurl_multi_setopt_sockets(multi, Self.watchSocket, context)
        unsafe ccurl_multi_setopt_timer(multi, Self.setTimer, context)
        unsafe ccurl_multi_setopt_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, mostConnections)
        unsafe ccurl_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, mostIdleConnections)
        unsafe self.multi = multi
        return unsafe multi
    }

    /// Lets libcurl work on a descriptor, or on what is due.
    private func advance(_ descriptor: curl_socket_t, _ readiness: Int32) {
        guard let multi = unsafe multi else { return }
        var running: Int32 = 0
        unsafe curl_multi_socket_action(multi, descriptor, readiness, &running)
        collect()
    }

    /// Finishes the transfers that libcurl is done with.
    private func collect() {
        var left: Int32 = 0
        while let multi = unsafe multi, let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
            unsafe finish(UInt(bitPattern: message.pointee.easy_handle), ccurl_result(message))
        }
    }

    private func finish(_ key: UInt, _ code: CURLcode) {
        guard let entry = transfers.removeValue(forKey: key) else { return }
        if let multi = unsafe multi { unsafe curl_multi_remove_handle(multi, entry.transfer.handle.pointer) }
        entry.completion(entry.transfer.result(code))
    }

    private func watch(_ descriptor: curl_socket_t, for interest: Int32) throws(EventLoopError) {
        guard interest != CURL_POLL_REMOVE else {
            watches[descriptor] = nil
            return
        }
        var readiness: Readiness = []
        if interest & CURL_POLL_IN != 0 { readiness.insert(.read) }
        if interest & CURL_POLL_OUT != 0 { readiness.insert(.write) }
        if let watch = watches[descriptor] { return try watch.watch(for: readiness) }
        watches[descriptor] = try EventWatch(descriptor, for: readiness, on: loop) { [unowned self] ready in
            let mayRead = ready.contains(.read) ? CURL_CSELECT_IN : 0
            let mayWrite = ready.contains(.write) ? CURL_CSELECT_OUT : 0
            advance(descriptor, mayRead | mayWrite)
        }
    }

    private static let watchSocket: curl_socket_callback = { _, descriptor, interest, context, _ in
        guard let context = unsafe context else { return -1 }
        let engine = unsafe Unmanaged<Engine>.fromOpaque(context).takeUnretainedValue()
        do throws(EventLoopError) {
            try engine.watch(descriptor, for: interest)
            return 0
        } catch {
            return -1
        }
    }

    /// A time of zero means soon, but not within this call.
    private static let setTimer: curl_multi_timer_callback = { _, milliseconds, context in
        guard let context = unsafe context else { return 0 }
        let engine = unsafe Unmanaged<Engine>.fromOpaque(context).takeUnretainedValue()
        if milliseconds < 0 {
            engine.timer?.cancel()
        } else {
            engine.timer?.set(after: .milliseconds(milliseconds))
        }
        return 0
    }
}
