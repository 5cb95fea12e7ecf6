import Crypto
import JSON
import Testing
import Tokens

@Suite("What takes a published key set's place")
struct KeyOverlapTests {
    private let first: IssuerKeys
    private let second: IssuerKeys

    init() throws {
        first = try IssuerKeys.generate(for: [.es256])
        second = try IssuerKeys.generate(for: [.es256])
    }

    private func bytes(_ keys: [IssuerKey]) -> [UInt8] { JWKSet(keys.map(\.jwk)).json.serialized() }

    private func kids(_ bytes: [UInt8]) throws -> [String] { try JWKSet(parsing: bytes).keys.compactMap(\.kid) }

    @Test("a set that shares a key with the one of before takes its place as it is")
    func shares() {
        let new = bytes(first.all + second.all)
        #expect(KeyOverlap.set(replacing: bytes(first.all), with: new, withdrawn: .known([])) == new)
        #expect(KeyOverlap.set(replacing: new, with: bytes(second.all), withdrawn: .known([])) == bytes(second.all))
    }

    @Test("one that shares none stands beside it first, but for keys that were withdrawn")
    func overlaps() throws {
        let old = bytes(first.all)
        let new = bytes(second.all)
        let both = KeyOverlap.set(replacing: old, with: new, withdrawn: .known([]))
        #expect(try kids(both) == [second.all[0].kid, first.all[0].kid])
        // The next publication finds a key that both share.
        #expect(KeyOverlap.set(replacing: both, with: new, withdrawn: .known([])) == new)
        #expect(KeyOverlap.set(replacing: old, with: new, withdrawn: .known([first.all[0].kid])) == new)
    }

    @Test("of an issuer that was shut, and where nobody knows what was withdrawn, no key of before stays")
    func keepsNothing() throws {
        let old = bytes(first.all)
        #expect(KeyOverlap.set(replacing: old, with: bytes([]), withdrawn: .known([])) == bytes([]))
        #expect(KeyOverlap.set(replacing: old, with: bytes(second.all), withdrawn: .unknown) == bytes(second.all))
    }

    @Test("what is no key set is replaced", arguments: ["", "{", "[]", "{\"keys\": 1}"])
    func garbage(text: String) {
        let new = bytes(first.all)
        #expect(KeyOverlap.set(replacing: Array(text.utf8), with: new, withdrawn: .known([])) == new)
    }
}
