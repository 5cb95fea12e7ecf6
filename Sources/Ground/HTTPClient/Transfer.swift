internal import CCurl
internal import HTTP

/// One request and what has come of its response.
@safe final class Transfer: @unchecked Sendable {  // After `init`, it is touched on its engine's loop alone.
    let handle: EasyHandle
    var isCancelled = false
    /// The scheme, host and port, for messages.
    private let endpoint: String
    private let mostBytes: Int
    private var fields = HTTPFields()
    private var fieldBytes = 0
    private var isInHead = false
    private var body: [UInt8] = []
    /// Why a callback of ours stopped the transfer, where one did.
    private var refusal: (code: TransportError.Code, reason: String)?

    /// The most that the header fields of a response may come to; clouds send about 2 KiB in 20 fields.
    private static let mostFieldBytes = 64 << 10
    private static let mostFields = 200

    /// Prepares a request.
    init(_ request: OutgoingRequest) throws(TransportError) {
        guard let address = WebAddress(request.url) else {
            throw TransportError(.badURL, endpoint: "", reason: "the URL is no absolute http or https URL")
        }
        endpoint = Self.endpoint(of: address)
        guard address.isSecure || address.isLoopback else {
            let reason = "only https is spoken, and http to a loopback address"
            throw TransportError(.badURL, endpoint: endpoint, reason: reason)
        }
        mostBytes = request.limits.responseBytes
        handle = try EasyHandle(request, endpoint: endpoint)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe handle.receive(body: Self.bodyCame, line: Self.lineCame, context: context)
    }

    /// What libcurl knows the transfer by.
    var key: UInt { unsafe UInt(bitPattern: handle.pointer) }

    /// An error of this transfer.
    func error(_ code: TransportError.Code, _ reason: String) -> TransportError {
        TransportError(code, endpoint: endpoint, reason: reason)
    }

    /// What the transfer has come to, when libcurl is done with it.
    func result(_ code: CURLcode) -> Result<HTTPResponse, TransportError> {
        if isCancelled { return .failure(error(.cancelled, "the request was cancelled")) }
        if let refusal { return .failure(error(refusal.code, refusal.reason)) }
        guard code == CURLE_OK else {
            let words = handle.message.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : handle.message
            return .failure(error(TransportError.Code(code), words))
        }
        return .success(HTTPResponse(status: handle.status, fields: fields, body: body))
    }

    private static func endpoint(of address: WebAddress) -> String {
        let scheme = address.isSecure ? "https" : "http"
        return "\(scheme)://\(address.host):\(address.port ?? (address.isSecure ? 443 : 80))"
    }

    private func take(bodyPart part: UnsafeBufferPointer<UInt8>) -> Bool {
        guard part.count <= mostBytes - body.count else {
            refusal = (.tooLarge, "the response body is over \(mostBytes) bytes")
            return false
        }
        unsafe body.append(contentsOf: part)
        return true
    }

    /// Takes a line of the head.
    ///
    /// The status line of each response, an interim one too, begins a new head. The lines of a trailer come here as well,
    /// and are not fields of the response.
    private func take(line bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let line = unsafe String(decoding: bytes, as: UTF8.self).utf8
        if line.starts(with: "HTTP/".utf8) {
            fields = HTTPFields()
            fieldBytes = 0
            isInHead = true
            return true
        }
        fieldBytes += line.count
        guard fieldBytes <= Self.mostFieldBytes, fields.fields.count < Self.mostFields else {
            refusal = (.badResponse, "the response has more header fields than any server should send")
            return false
        }
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
        if line.allSatisfy(isBlank) { isInHead = false }
        if !isInHead { return true }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            refusal = (.badResponse, "the response has a header field without a colon")
            return false
        }
        let value = line[line.index(after: colon)...].drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        fields.append(String(Substring(line[..<colon])), String(decoding: Array(value), as: UTF8.self))
        return true
    }

    private static let bodyCame: curl_write_callback = { bytes, _, count, context in
        guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        let part = unsafe UnsafeRawBufferPointer(start: bytes, count: count).assumingMemoryBound(to: UInt8.self)
        return unsafe transfer.take(bodyPart: part) ? count : 0
    }

    private static let lineCame: curl_write_callback = { bytes, _, count, context in
        guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        let line = unsafe UnsafeRawBufferPointer(start: bytes, count: count).assumingMemoryBound(to: UInt8.self)
        return unsafe transfer.take(line: line) ? count : 0
    }
}
