import FoundationEssentials
import Testing

/// One input, at `Corpus/<property>/<name>`.
struct CorpusFile: Sendable, CustomTestStringConvertible {
    let property: String
    let name: String
    let input: [UInt8]

    var testDescription: String { "\(property)/\(name)" }

    static func all() throws -> [CorpusFile] {
        let folder = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Corpus"
        return try FileManager.default.subpathsOfDirectory(atPath: folder).sorted().compactMap { path in
            let parts = path.split(separator: "/")
            guard parts.count == 2, let contents = FileManager.default.contents(atPath: "\(folder)/\(path)") else {
                return nil
            }
            return CorpusFile(property: String(parts[0]), name: String(parts[1]), input: [UInt8](contents))
        }
    }
}
