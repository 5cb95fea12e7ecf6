/// The few looks that text on a terminal may have; plain where it is no terminal or colour was refused.
struct Style: Sendable {
    let isColoured: Bool

    static let plain = Style(isColoured: false)

    func heading(_ text: String) -> String { wrap(text, "1") }
    func good(_ text: String) -> String { wrap(text, "32") }
    func warning(_ text: String) -> String { wrap(text, "33") }
    func bad(_ text: String) -> String { wrap(text, "1;31") }

    private func wrap(_ text: String, _ code: String) -> String {
        isColoured && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
