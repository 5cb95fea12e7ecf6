internal import CEventHTTP

/// The `Date` field (RFC 9110, section 5.6.7).
enum HTTPDate {
    /// The wall time now, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func now() -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 50) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            unsafe evutil_date_rfc1123(start, buffer.count, nil)
            return unsafe String(cString: start)
        }
    }
}
