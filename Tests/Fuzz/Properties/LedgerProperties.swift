internal import Ledger

extension Property {
    /// What an auditor gets from a log, and what a store gives back: one spelling each.
    static let ledger: [Property] = [
        Property("leaf") { input in
            guard let leaf = try? Leaf(bytes: input) else { return nil }
            guard let again = try? leaf.bytes() else { return "cannot be written again" }
            return again == input ? nil : "written again with other bytes"
        },
        Property("note") { input in
            guard let note = try? SignedNote(input) else { return nil }
            return note.bytes == input ? nil : "written again with other bytes"
        },
        Property("checkpoint") { input in
            guard let text = String(validating: input, as: UTF8.self) else { return nil }
            guard let checkpoint = try? Checkpoint(text: text) else { return nil }
            return checkpoint.text.utf8.elementsEqual(input) ? nil : "written again as \(checkpoint.text)"
        },
        Property("verifier-key") { input in
            guard let text = String(validating: input, as: UTF8.self) else { return nil }
            guard let key = try? VerifierKey(text) else { return nil }
            return key.description.utf8.elementsEqual(input) ? nil : "written again as \(key)"
        },
    ]
}
