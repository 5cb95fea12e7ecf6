import Crypto
import Encoding
import Testing

@Suite("Named secrets")
struct NamedSecretsTests {
    private static let first = EnvironmentName(constant: "B_FIRST")
    private static let second = EnvironmentName(constant: "A_SECOND")

    private func sample() -> NamedSecrets {
        var secrets = NamedSecrets()
        secrets.append(Self.first, SecretBytes(copying: [0, 255, 10]))
        secrets.append(Self.second, text: "zweiter Wert")
        return secrets
    }

    @Test("they are lent under their names, in the order they were added")
    func order() {
        let secrets = sample()
        var seen: [(String, [UInt8])] = []
        secrets.withEach { name, bytes in seen.append((name.text, bytes.indices.map { bytes[$0] })) }
        #expect(secrets.names == [Self.first, Self.second])
        #expect(seen.map(\.0) == ["B_FIRST", "A_SECOND"])
        #expect(seen.map(\.1) == [[0, 255, 10], Array("zweiter Wert".utf8)])
    }

    @Test("one is lent by its name, and none by another")
    func byName() {
        let secrets = sample()
        let length = secrets.withValue(of: Self.second) { $0.count }
        #expect(length == 12)
        let nothing = secrets.withValue(of: EnvironmentName(constant: "OTHER")) { $0.count }
        #expect(nothing == nil)
    }

    @Test("a name that is there twice stops the program, since one of its values would be lost")
    func twice() async {
        await #expect(processExitsWith: .failure) {
            var secrets = NamedSecrets()
            secrets.append(EnvironmentName(constant: "A"), text: "1")
            secrets.append(EnvironmentName(constant: "A"), text: "2")
        }
    }
}
