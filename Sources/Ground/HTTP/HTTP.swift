/// HTTP owns the messages that cross the network in either direction, and the protocol of whoever sends them.
///
/// It parses no bytes of a connection (libevent and libcurl do) and opens none. Header fields are an ordered list, never
/// a dictionary: a second Content-Length must stay visible (RFC 9112, section 6.3).
///
/// RFC 9110 (semantics), RFC 9112 (HTTP/1.1).
package enum HTTPMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
    case options = "OPTIONS"
    case patch = "PATCH"
}
