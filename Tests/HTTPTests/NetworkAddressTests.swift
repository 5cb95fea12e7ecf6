import HTTP
import Testing

@Suite("Addresses and their ranges")
struct NetworkAddressTests {
    @Test(
        "an address is read in any form that RFC 4291 knows, and written as RFC 5952 says",
        arguments: [
            ("192.0.2.7", "192.0.2.7"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
            ("::", "::"), ("::1", "::1"), ("2001:db8::7", "2001:db8::7"), ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:c000:207", "192.0.2.7"), ("64:ff9b::192.0.2.7", "64:ff9b::c000:207"),
        ]
    )
    func read(text: String, written: String) throws {
        let address = try #require(NetworkAddress(text))
        #expect(address.description == written)
        #expect(NetworkAddress(written) == address)
    }

    @Test(
        "what is no address is none",
        arguments: [
            "", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "0x7f.0.0.1", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4:80",
            "[::1]", "fe80::1%eth0", ":::", "1::2::3", "12345::", "::1.2.3", "localhost", "1.2.3.4\0", "::1\0junk",
            "1111:2222:3333:4444:5555:6666:255.255.255.2555555",
        ]
    )
    func refused(text: String) { #expect(NetworkAddress(text) == nil) }

    @Test("4 and 16 bytes are an address, and no other count")
    func bytes() {
        #expect(NetworkAddress(bytes: [192, 0, 2, 7])?.description == "192.0.2.7")
        #expect(
            NetworkAddress(bytes: [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [7])?.description
                == "2001:db8::7"
        )
        for count in [0, 3, 5, 15, 17] { #expect(NetworkAddress(bytes: [UInt8](repeating: 1, count: count)) == nil) }
    }

    @Test("of IPv6 a whole /64 is one holder, of IPv4 each address")
    func holders() throws {
        let one = try #require(NetworkAddress("2001:db8:1:2:3:4:5:6"))
        let other = try #require(NetworkAddress("2001:db8:1:2:ffff::"))
        let foreign = try #require(NetworkAddress("2001:db8:1:3::"))
        #expect(one.holder == other.holder)
        #expect(one.holder != foreign.holder)
        #expect(one.holder.description == "2001:db8:1:2::")
        #expect(NetworkAddress("192.0.2.7")?.holder != NetworkAddress("192.0.2.8")?.holder)
    }

    @Test(
        "a range has what its length leaves open, and nothing else",
        arguments: [
            ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("10.0.0.0/8", "::a00:1", false),
            ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false), ("192.0.2.7/32", "192.0.2.7", true),
            ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "203.0.113.9", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
            ("2001:db8:1:2::/63", "2001:db8:1:3::9", true), ("2001:db8::7/128", "2001:db8::7", true),
            ("2001:db8::/65", "2001:db8::7fff:0:0:1", true), ("2001:db8::/65", "2001:db8::8000:0:0:1", false),
            ("::ffff:10.0.0.0/104", "10.9.9.9", true),
        ]
    )
    func ranges(range: String, address: String, isInside: Bool) throws {
        let number = try #require(NetworkAddress(address))
        #expect(try #require(AddressRange(range)).contains(number) == isInside)
    }

    @Test(
        "a range that is none, or that begins elsewhere than it says, is refused",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8",
            "10.0.0.1/8",
            "2001:db8::1/64", "::/129", "ci.example.com/24", "10.0.0.0 /8", "::ffff:10.0.0.1/104",
        ]
    )
    func badRanges(text: String) { #expect(AddressRange(text) == nil) }

    @Test(
        "a range is written so that it is read as the same one",
        arguments: ["10.0.0.0/8", "2001:db8::/32", "::1/128", "192.0.2.7/32"]
    )
    func written(text: String) { #expect(AddressRange(text)?.description == text) }
}
