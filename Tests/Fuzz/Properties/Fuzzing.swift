/// Fuzzing owns what must hold for every input of every parser of foreign bytes: it ends, it does not crash, and what it
/// accepts it writes again as it was, or to something that it reads as equal.
///
/// The properties are used twice: `Tests/Fuzz/run` gives them to libFuzzer, and the suite beside them tries every file of
/// the corpus, so that what a fuzzer once found is tried for ever.
package struct Property: Sendable {
    /// What is fuzzed: the name of the corpus folder.
    package let name: String
    /// What is wrong with this input; nil where the property holds.
    package let violation: @Sendable (_ input: [UInt8]) -> String?

    /// Makes a property.
    package init(_ name: String, _ violation: @escaping @Sendable (_ input: [UInt8]) -> String?) {
        self.name = name
        self.violation = violation
    }

    /// Every property, in the order in which they are fuzzed.
    package static let all: [Property] = encodings + texts + documents + ledger + tokens + intakes + policies + fields
}
