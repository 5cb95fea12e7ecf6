internal import Glibc
internal import SwiftOverlayShims

/// The system's resolver.
package enum Resolver {
    /// The numeric addresses of a host, each once, in the resolver's order; blocks for as long as the resolver takes.
    ///
    /// - Throws: `POSIXError` with the operation `resolve`; `noSuchHost` holds the resolver's own words.
    package static func addresses(of host: String) throws(POSIXError) -> [String] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(host, nil, &hints, &list)
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        guard result == 0 else {
            throw POSIXError(.noSuchHost(unsafe String(cString: gai_strerror(result))), "resolve", host)
        }
        var addresses: [String] = []
        var next = unsafe list
        while let entry = unsafe next {
            var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(name.count)
            let isNamed = unsafe getnameinfo(
                entry.pointee.ai_addr,
                entry.pointee.ai_addrlen,
                &name,
                length,
                nil,
                0,
                NI_NUMERICHOST
            )
            let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if isNamed == 0, !addresses.contains(text) { addresses.append(text) }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}
