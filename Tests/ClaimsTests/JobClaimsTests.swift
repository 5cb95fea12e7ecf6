import Claims
import Testing

@Suite("What a job says of itself")
struct JobClaimsTests {
    @Test("names and values are taken as they are sent, in their order")
    func taken() throws {
        let own = try JobClaims(["deployment=4711", "note=a = b", "example.com/tier=1"])
        #expect(own.members.map(\.name) == ["deployment", "note", "example.com/tier"])
        #expect(own.members.map(\.value) == ["4711", "a = b", "1"])
        #expect(!own.isEmpty && JobClaims.none.isEmpty)
        let again = try JobClaims(["deployment=4711", "note=a = b", "example.com/tier=1"])
        #expect(own != .none && own == again)
    }

    @Test(
        "what is no claim, is reserved or too long is refused, and the message says what is wanted",
        arguments: [
            (["deployment"], "NAME=VALUE"), (["=x"], "visible ASCII"), (["a b=x"], "visible ASCII"),
            (["a\"=x"], "visible ASCII"), (["d=\u{202E}x"], "visible text"), (["d="], "1 to 256 bytes"),
            (["d=" + String(repeating: "x", count: 257)], "1 to 256 bytes"),
            ([String(repeating: "n", count: 65) + "=x"], "1 to 64"), (["d=1", "d=2"], "it once"),
            (Array(repeating: "", count: 17), "at most 16"),
            (["project=acme/web"], "a member of the run"), (["sub=x"], "RFC 7519"), (["job_claims=x"], "chose"),
            (["jobpass_trace=x"], "Jobpass's own"), (["https://aws.amazon.com/tags=x"], "AWS"), (["cnf=x"], "OAuth"),
        ]
    )
    func refused(texts: [String], wanted: String) {
        let error = #expect(throws: JobClaimError.self) { try JobClaims(texts) }
        #expect(error?.description.contains(wanted) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("\u{202E}") == false)
    }

    @Test("as many and as long as may be are taken")
    func largest() throws {
        let name = String(repeating: "n", count: 62)
        let value = String(repeating: "v", count: 256)
        let own = try JobClaims((10..<26).map { "\(name)\($0)=\(value)" })
        #expect(own.members.count == 16)
    }
}
