/// Page owns the auditors' page: its text, its style and its program, as the browser gets them.
///
/// It holds no data and asks for none but from the broker that served it: what it shows comes from the contract's calls, and what
/// it calls proved it has verified itself. There is no build step: the files beside this one are embedded as they are.
package enum Page {
    /// One file of the page.
    package struct File: Sendable {
        /// As browsers are told.
        package let type: String
        package let bytes: [UInt8]
    }

    /// The page itself.
    package static let document = File(type: "text/html; charset=utf-8", bytes: PackageResources.page_html)

    /// A file that the page asks for, by its name.
    package static func file(_ name: String) -> File? {
        switch name {
        case "page.css": File(type: "text/css; charset=utf-8", bytes: PackageResources.page_css)
        case "page.js": File(type: "text/javascript; charset=utf-8", bytes: PackageResources.page_js)
        case "charts.js": File(type: "text/javascript; charset=utf-8", bytes: PackageResources.charts_js)
        case "proof.js": File(type: "text/javascript; charset=utf-8", bytes: PackageResources.proof_js)
        default: nil
        }
    }

    /// What the page may do in a browser: run and style itself, and ask its own broker; nothing else.
    package static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
    ].joined(separator: "; ")
}
