internal import POSIX
internal import Secrets
package import Time

/// What can be known of a configuration without starting, beyond its text.
extension Configuration {
    /// Looks at the files that settings name, and at the dates in them; reads no secret, and changes nothing.
    ///
    /// Returns the problems in the order in which the keys are written, beside the settings' own warnings.
    package static func check(_ settings: Settings, at now: UnixTime) -> [ConfigurationProblem] {
        let files = settings.files.flatMap { file in
            do throws(POSIXError) {
                return try problems(of: file)
            } catch {
                return [file.place.problem(.error, "\(error)", fix: "let the broker's user read it")]
            }
        }
        let fallbacks = settings.fallbacks.compactMap { name, fallback -> ConfigurationProblem? in
            guard now >= fallback.end else { return nil }
            return settings.fallbackPlaces[name]?.problem(
                .warning,
                "the fallback is over since \(fallback.until)",
                fix: "remove it and the context's secrets, or set a new date"
            )
        }
        return (files + fallbacks).sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    private static func problems(of file: FileSetting) throws(POSIXError) -> [ConfigurationProblem] {
        switch file.kind {
        case .readable: try readable(file)
        case .secret: try secret(file.path, file.place)
        case .library: try library(file)
        case .keyDirectory: try keyDirectory(file)
        case .database: try database(file)
        }
    }

    private static func readable(_ file: FileSetting) throws(POSIXError) -> [ConfigurationProblem] {
        guard try Files.status(file.path)?.kind == .regular else { return [missing(file.path, file.place)] }
        _ = try Files.read(file.path, limit: 1 << 20)
        return []
    }

    private static func library(_ file: FileSetting) throws(POSIXError) -> [ConfigurationProblem] {
        guard let status = try Files.status(file.path), status.kind == .regular else {
            return [missing(file.path, file.place)]
        }
        _ = try Files.openForReading(file.path)
        guard status.mode & 0o002 == 0 else {
            return [
                file.place.problem(
                    .error,
                    "everyone on this machine may put other code into \(file.path)",
                    fix: "run: chmod o-w '\(file.path)'"
                )
            ]
        }
        return []
    }

    private static func secret(_ path: String, _ place: ConfigurationPlace) throws(POSIXError) -> [ConfigurationProblem]
    {
        guard let status = try Files.status(path), status.kind == .regular else { return [missing(path, place)] }
        guard !status.isOpenToOthers else {
            let mode = "0" + String(status.mode, radix: 8)
            return [
                place.problem(
                    .error,
                    "the mode of \(path) is \(mode), so others may use the secret",
                    fix: "run: chmod 600 '\(path)'"
                )
            ]
        }
        return []
    }

    private static func keyDirectory(_ file: FileSetting) throws(POSIXError) -> [ConfigurationProblem] {
        guard let status = try Files.status(file.path), status.kind == .directory else {
            return [
                file.place.problem(
                    .error,
                    "there is no directory \(file.path)",
                    fix: "make it and the keys with 'jobpass init'"
                )
            ]
        }
        var problems: [ConfigurationProblem] = []
        if status.mode & 0o022 != 0 {
            problems.append(
                file.place.problem(
                    .error,
                    "others may put keys into \(file.path)",
                    fix: "run: chmod go-w '\(file.path)'"
                )
            )
        }
        for name in try Files.list(file.path) where name.hasSuffix(".pem") {
            problems += try secret(Paths.join(file.path, name), file.place)
        }
        return problems
    }

    private static func database(_ file: FileSetting) throws(POSIXError) -> [ConfigurationProblem] {
        guard let status = try Files.status(file.path), status.kind == .regular else {
            return [file.place.problem(.error, "there is no store at \(file.path)", fix: "make it with 'jobpass init'")]
        }
        guard status.mode & 0o007 == 0 else {
            return [
                file.place.problem(
                    .warning,
                    "everyone on this machine may read the claims of every run in \(file.path)",
                    fix: "run: chmod o-rwx '\(file.path)'"
                )
            ]
        }
        return []
    }

    private static func missing(_ path: String, _ place: ConfigurationPlace) -> ConfigurationProblem {
        place.problem(.error, "there is no file \(path)", fix: "make it, or mend the path")
    }
}
