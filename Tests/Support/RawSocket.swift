internal import Glibc
internal import Locks
internal import SwiftOverlayShims

/// A TCP connection over loopback that sends exactly the bytes it is told to.
///
/// Its calls block for at most its patience, so they are made on a thread of their own (`onThread`).
package struct RawSocket: ~Copyable, Sendable {
    let number: Int32

    /// How a conversation ended.
    package enum Ending: Equatable, Sendable {
        /// The other side said that it has no more to send.
        case closed
        case reset
        /// Nothing came for as long as the socket's patience lasts.
        case silence
    }

    init(owning number: Int32) {
        self.number = number
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        unsafe setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(number) }

    /// Connects to a port of this machine.
    ///
    /// - Throws: `SocketFailure` where nothing listens there.
    package init(to port: UInt16) throws(SocketFailure) {
        self.init(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in.loopback(port)
        let number = number
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe connect(number, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 { throw SocketFailure("connect") }
    }

    /// Sends bytes.
    ///
    /// - Throws: `SocketFailure` where the other side is gone.
    package borrowing func send(_ bytes: some Collection<UInt8>) throws(SocketFailure) {
        let number = number
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let sent = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if sent <= 0 { throw SocketFailure("send") }
            rest = rest.dropFirst(sent)
        }
    }

    /// Sends text.
    ///
    /// - Throws: `SocketFailure` where the other side is gone.
    package borrowing func send(_ text: String) throws(SocketFailure) { try send(text.utf8) }

    /// Says that nothing more will be sent.
    package borrowing func finishSending() { shutdown(number, Int32(SHUT_WR)) }

    /// Makes the end of this socket a reset rather than an orderly close.
    package borrowing func resetAtEnd() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    /// Waits for something to receive, an end included.
    package borrowing func hasInput(within duration: Duration) -> Bool {
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return unsafe Glibc.poll(&entry, 1, Int32(duration / .milliseconds(1))) > 0
    }

    /// Receives what comes next, at most so many bytes; empty when the other side has closed.
    ///
    /// - Throws: `SocketFailure` where it was reset, or nothing came in time.
    package borrowing func receive(atMost count: Int = 65_536) throws(SocketFailure) -> [UInt8] {
        var failed = false
        let number = number
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
            let received = unsafe recv(number, buffer.baseAddress, count, 0)
            failed = received < 0
            initialised = max(0, received)
        }
        if failed { throw SocketFailure("receive") }
        return bytes
    }

    /// Receives until the other side ends the conversation.
    package borrowing func receiveAll() -> (text: String, ending: Ending) {
        var bytes: [UInt8] = []
        while true {
            do throws(SocketFailure) {
                let more = try receive()
                if more.isEmpty { return (String(decoding: bytes, as: UTF8.self), .closed) }
                bytes += more
            } catch {
                let ending: Ending = error.number == EAGAIN ? .silence : .reset
                return (String(decoding: bytes, as: UTF8.self), ending)
            }
        }
    }

    /// Receives until a text has come, or the conversation has ended.
    package borrowing func receive(until end: String) throws(SocketFailure) -> String {
        var bytes: [UInt8] = []
        while !String(decoding: bytes, as: UTF8.self).contains(end) {
            let more = try receive()
            if more.isEmpty { break }
            bytes += more
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A call of the socket's that failed.
package struct SocketFailure: Error, Equatable, Sendable {
    package let call: String
    /// The system's error number.
    package let number: Int32

    init(_ call: String) {
        self.call = call
        number = errno
    }
}

extension sockaddr_in {
    /// A port of 127.0.0.1.
    static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}

/// Runs a body that blocks on a thread of its own, so that tests which wait do not hold up those that run.
///
/// - Throws: what the body throws.
package func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    let result: Result<Value, any Error> = await Reply.wait { reply in
        startThread { reply.give(Result(catching: body)) }
    }
    return try result.get()
}

/// Starts a thread that ends with its body.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
    let result = unsafe pthread_create(
        &thread,
        nil,
        { argument in
            if let argument = unsafe argument { unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        },
        argument
    )
    precondition(result == 0, "no thread for a test")
    pthread_detach(thread)
}
