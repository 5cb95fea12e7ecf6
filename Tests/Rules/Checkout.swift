import FoundationEssentials

/// The files of this checkout, without what is built or fetched.
enum Checkout {
    /// The top of the checkout, three folders above this file.
    static let root: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/")
    }()

    /// The paths of every regular file under one folder, in order, from the top of the checkout.
    static func files(under folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)")
            .map { "\(folder)/\($0)" }
            .filter { isRegular($0) && !$0.contains("/__pycache__/") }
            .sorted()
    }

    /// A file's text.
    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
    }

    /// Every Swift file under one folder.
    static func swiftSources(under folder: String) throws -> [SwiftSource] {
        try files(under: folder).filter { $0.hasSuffix(".swift") }
            .map { SwiftSource(path: $0, text: try text($0)) }
    }

    private static func isRegular(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")
        return attributes?[.type] as? FileAttributeType == .typeRegular
    }
}
