import Crypto
import Encoding
import Intake
import Testing
import Time

@Suite("An export")
struct ExportTests {
    private static let passphrase = "correct horse battery"
    private static let export = SealedExport(
        exported: UnixTime(seconds: 1_800_000_000),
        contexts: [
            SealedExport.Context(
                name: "web",
                values: [
                    Listing.Value(EnvironmentName(constant: "A"), Array("hunter2\nünïcödé".utf8)),
                    Listing.Value(EnvironmentName(constant: "B"), [0, 0xFF]),
                ]
            ),
            SealedExport.Context(name: "empty", values: []),
        ]
    )

    private func open(_ bytes: [UInt8], _ passphrase: String = Self.passphrase) throws -> SealedExport {
        try SealedExport(opening: bytes, with: SecretBytes(copying: Array(passphrase.utf8)))
    }

    @Test("opens with its passphrase, and shows nothing without")
    func roundTrip() throws {
        let file = try Self.export.sealed(by: SecretBytes(copying: Array(Self.passphrase.utf8)))
        #expect(SealedExport.isOne(file))
        #expect(!String(decoding: file, as: UTF8.self).contains("hunter2"))
        #expect(try open(file) == Self.export)
        let error = #expect(throws: IntakeError.self) { try open(file, "correct horse batterz") }
        #expect(error?.description.contains("the passphrase does not open it") == true)
    }

    @Test("of which a byte was changed does not open, wherever it stands")
    func changed() throws {
        let file = try Self.export.sealed(by: SecretBytes(copying: Array(Self.passphrase.utf8)))
        for index in [0, 17, 18, 19, 20, 21, 36, 37, 60, file.count - 1] {
            var changed = file
            changed[index] ^= 1
            #expect(throws: IntakeError.self, "byte \(index)") { try open(changed) }
        }
        #expect(throws: IntakeError.self) { try open(Array(file.dropLast())) }
        #expect(throws: IntakeError.self) { try open(Array(file.prefix(30))) }
    }

    @Test("asks for no more memory than is sensible, whatever its header says")
    func hostile() {
        let header = Array("jobpass-export-v1\n".utf8) + [40, 255, 255] + Array(repeating: 0, count: 60)
        #expect(throws: IntakeError("this is no export of 'jobpass secret export'")) { try open(header) }
    }

    @Test("is not sealed to a passphrase that can be guessed")
    func short() {
        #expect(throws: IntakeError.self) { try Self.export.sealed(by: SecretBytes(copying: Array("short".utf8))) }
    }
}
