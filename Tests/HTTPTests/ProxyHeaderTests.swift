import HTTP
import Testing

@Suite("The PROXY protocol's header")
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [0xD, 0xA, 0xD, 0xA, 0, 0xD, 0xA, 0x51, 0x55, 0x49, 0x54, 0xA]

    /// A version 2 header of a command, a family, and what is behind its length.
    private static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 0xFF)] + rest
    }

    private static let ports: [UInt8] = [0xC8, 0x22, 0x01, 0xBB]
    private static let ipv4 = binary(0x21, 0x11, [192, 0, 2, 7, 198, 51, 100, 1] + ports)
    private static let ipv6 = binary(
        0x21,
        0x21,
        [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 0, count: 16) + ports
    )

    /// What a header comes to, and how many bytes it took of those that came.
    private static func read(_ bytes: [UInt8]) -> (state: ProxyHeader.State, taken: Int) {
        var header = ProxyHeader()
        let taken = header.take(bytes)
        return (header.state, taken)
    }

    @Test(
        "a line names the client, or says that it does not",
        arguments: [
            ("PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n", "192.0.2.7"),
            ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
            ("PROXY TCP6 2001:db8::7 2001:db8::1 0 443\r\n", "2001:db8::7"),
            ("PROXY UNKNOWN\r\n", nil), ("PROXY UNKNOWN 1 2 3\r\n", nil),
        ] as [(String, String?)]
    )
    func lines(line: String, address: String?) throws {
        let (state, taken) = Self.read(Array("\(line)GET / HTTP/1.1\r\n".utf8))
        #expect(state == .whole(try address.map { try #require(NetworkAddress($0)) }))
        #expect(taken == line.utf8.count)
    }

    @Test("a binary header names the client, whatever else it carries")
    func binaries() throws {
        let (four, six) = (try #require(NetworkAddress("192.0.2.7")), try #require(NetworkAddress("2001:db8::7")))
        #expect(Self.read(Self.ipv4 + [0x47]) == (.whole(four), 28))
        #expect(Self.read(Self.ipv6 + [0x47]) == (.whole(six), 52))
        let withMore = Self.binary(0x21, 0x11, [192, 0, 2, 7, 198, 51, 100, 1] + Self.ports + [4, 0, 1, 0x61])
        #expect(Self.read(withMore + [0x47]) == (.whole(four), 32))
        #expect(Self.read(Self.binary(0x20, 0x00, [])) == (.whole(nil), 16))
        #expect(Self.read(Self.binary(0x20, 0x11, [1, 2, 3])) == (.whole(nil), 19))
        #expect(Self.read(Self.binary(0x21, 0x00, [])) == (.whole(nil), 16))
    }

    @Test("a header that comes in pieces is the same as one that comes whole")
    func pieces() {
        for bytes in [Self.ipv4, Self.ipv6, Array("PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n".utf8)] {
            var header = ProxyHeader()
            for byte in bytes.dropLast() {
                #expect(header.take([byte]) == 1)
                #expect(header.state == .incomplete)
            }
            #expect(header.take(bytes.suffix(1) + [0x47]) == 1)
            #expect(header.state == Self.read(bytes).state)
            #expect(header.take([0x47]) == 0)
        }
    }

    @Test(
        "a line that is none is refused as soon as that is certain",
        arguments: [
            "GET / HTTP/1.1\r\n", "proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
            "PROXY  TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 -1 2\r\n", "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n", "PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.007 198.51.100.1 1 2\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n",
            "PROXY\r\n", "PROXY \r\n", "PROXY UNKNOWN \u{1B}[2J\r\n",
            "PROXY UNKNOWN " + String(repeating: "a", count: 92) + "\r\n",
        ]
    )
    func badLines(line: String) { #expect(Self.read(Array(line.utf8)).state == .refused) }

    @Test("a binary header that breaks a rule is refused")
    func badBinaries() {
        let bad: [[UInt8]] = [
            Self.binary(0x22, 0x11, [192, 0, 2, 7, 198, 51, 100, 1] + Self.ports),
            Self.binary(0x11, 0x11, [192, 0, 2, 7, 198, 51, 100, 1] + Self.ports),
            Self.binary(0x21, 0x12, [192, 0, 2, 7, 198, 51, 100, 1] + Self.ports),
            Self.binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)),
            Self.binary(0x21, 0x11, [192, 0, 2, 7]), Self.binary(0x21, 0x21, [UInt8](repeating: 1, count: 35)),
            Self.binary(0x21, 0x11, [UInt8](repeating: 0, count: 2_033)), [0xD, 0xA, 0xD, 0xA, 1],
        ]
        for bytes in bad { #expect(Self.read(bytes).state == .refused, "\(bytes.prefix(20))") }
    }

    @Test("what is only the beginning of a header is waited for")
    func beginnings() {
        for text in ["P", "PROXY", "PROXY TCP4 192.0.2.7", "\r", "\r\n\r\n"] {
            #expect(Self.read(Array(text.utf8)).state == .incomplete, "\(text)")
        }
        for count in 1..<Self.ipv4.count { #expect(Self.read(Array(Self.ipv4.prefix(count))).state == .incomplete) }
    }
}
