package import Exchange
internal import POSIX
internal import YAML

/// Reads recipes: files that describe an endpoint which trades ID tokens, so that a new one needs no code.
///
/// The contract, section 5, has the target type; this is the file that its key `recipe` names. Its keys are those of
/// `Recipe`, whose comments say what each means.
package enum RecipeFile {
    /// The largest file that is read.
    private static let sizeLimit = 64 << 10

    /// Reads a recipe's text; `file` is its name in messages.
    ///
    /// - Throws: `InvalidConfiguration` with every mistake that was found.
    package static func parse(_ bytes: [UInt8], file: String) throws(InvalidConfiguration) -> Recipe {
        let problems = Problems(file: file)
        guard let recipe = read(bytes, problems: problems), !problems.hasErrors else {
            throw InvalidConfiguration(problems.all)
        }
        return recipe
    }

    /// The recipe of a path; nil where something was reported.
    static func load(_ path: String, problems: Problems) -> Recipe? {
        let bytes: [UInt8]
        do throws(POSIXError) { bytes = try Files.read(path, limit: sizeLimit) } catch {
            problems.error(
                at: YAMLMark(line: 1, column: 1),
                "",
                "\(error.reason)",
                fix: error.isNotFound
                    ? "mend the path, which is seen from the configuration's folder" : "make it readable"
            )
            return nil
        }
        let recipe = read(bytes, problems: problems)
        return problems.hasErrors ? nil : recipe
    }

    private static func read(_ bytes: [UInt8], problems: Problems) -> Recipe? {
        let root: YAMLNode
        do throws(YAMLError) { root = try YAMLNode.parse(bytes) } catch {
            problems.error(at: error.mark, "", error.reason, fix: error.fix)
            return nil
        }
        let keys = Keys([
            "recipe", "parameters", "audience", "algorithms", "subject_bytes", "request", "credential", "error",
            "revoke",
        ])
        return Section(root, at: "", keys: keys, problems: problems)?.recipe()
    }
}
