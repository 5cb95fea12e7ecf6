import Crypto
import Secrets
import Testing

@Suite("The master key's file")
struct MasterKeyTests {
    @Test("a key is read back from the file that it writes, with and without the end of the line")
    func roundTrip() throws {
        let key = MasterKey.generate()
        let file = key.file()
        let text = file.withBytes { span in span.indices.map { span[$0] } }
        #expect(text.count == 66)
        #expect(text.starts(with: Array("jobpass-master-key-v1:".utf8)))
        let again = try MasterKey(file: file)
        let isSame = again.file().isEqualInConstantTime(to: file)
        #expect(isSame)
        let short = try MasterKey(file: SecretBytes(copying: Array(text.dropLast())))
        let isSameWithoutEnd = short.file().isEqualInConstantTime(to: file)
        #expect(isSameWithoutEnd)
    }

    @Test("two keys differ")
    func different() {
        let isSame = MasterKey.generate().file().isEqualInConstantTime(to: MasterKey.generate().file())
        #expect(!isSame)
    }

    @Test(
        "any other file is refused, and nothing of it is quoted",
        arguments: [
            "", "\n", "jobpass-master-key-v1:", "jobpass-master-key-v1:AAAA",
            "jobpass-master-key-v2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "jobpass-master-key-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
            "jobpass-master-key-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "jobpass-master-key-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n",
            "jobpass-master-key-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n",
            " jobpass-master-key-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "jobpass-master-key-v1:AAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAA",
            "jobpass-master-key-v1:\u{E9}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            String(repeating: "SECRET", count: 10_000),
        ]
    )
    func refused(_ text: String) {
        #expect {
            _ = try MasterKey(file: SecretBytes(copying: Array(text.utf8)))
        } throws: { error in
            guard let error = error as? SecretsError else { return false }
            return error.code == .masterKey && !error.detail.contains("AAAA") && !error.detail.contains("SECRETS")
        }
    }
}
