import Testing
import Time

@Suite("The dates of HTTP are read as RFC 9110 writes them")
struct IMFDateTests {
    @Test("the RFC's own example, and dates at the edges of a year")
    func good() {
        #expect(IMFDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == UnixTime(seconds: 784_111_777))
        #expect(IMFDate.parse("Thu, 01 Jan 1970 00:00:00 GMT") == UnixTime(seconds: 0))
        #expect(IMFDate.parse("Tue, 31 Dec 2024 23:59:59 GMT") == UnixTime(seconds: 1_735_689_599))
    }

    @Test(
        "anything else is none",
        arguments: [
            "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nob 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        ]
    )
    func bad(text: String) { #expect(IMFDate.parse(text) == nil) }
}
