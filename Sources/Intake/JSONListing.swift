internal import Encoding
internal import JSON
internal import Time

/// A listing in JSON: which one, and what it says.
struct JSONListing {
    private let root: JSON

    init(_ bytes: [UInt8]) throws(IntakeError) {
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        do throws(JSONError) {
            root = try JSON.parse(body, limits: JSONLimits(bytes: 64 << 20, depth: 16))
        } catch {
            // Where, and not what: a text near the mistake may be a secret.
            throw IntakeError(
                "it is no JSON, has a name twice or is nested too deep: line \(error.line), column \(error.column)"
            )
        }
    }

    init(_ root: JSON) { self.root = root }

    /// Which listing it is.
    func format() throws(IntakeError) -> IntakeFormat {
        if let first = root.asArray?.first {
            if first["key"] != nil { return .gitlab }
            if first["name"] != nil { return .github }
        }
        guard let object = root.asObject else {
            throw IntakeError("it is a listing of no kind that is known here; name it by --format")
        }
        if object["accounts"]?.asArray != nil || object["contexts"]?.asArray != nil { return .circleci }
        if object["secrets"]?.asArray != nil || object["variables"]?.asArray != nil { return .github }
        return .json
    }

    /// `{"NAME": "VALUE"}`; what is no text stands as `{"base64": "…"}`.
    func plain() throws(IntakeError) -> Listing {
        guard let members = root.asObject?.members else { throw IntakeError("wanted one object of names and texts") }
        var values = ValueList()
        for member in members {
            let encoded = member.value["base64"]?.asString.flatMap { try? Base64.decode($0) }
            let bytes = member.value.asString.map { Array($0.utf8) } ?? encoded
            values.add(member.name, bytes, otherwise: "is no text, and no {\"base64\": …}")
        }
        return try values.listing()
    }

    /// GitHub gives the values of variables, and of secrets names and dates.
    func github(_ options: IntakeOptions) throws(IntakeError) -> Listing {
        let entries = root.asArray ?? root["secrets"]?.asArray ?? root["variables"]?.asArray
        guard let entries else { throw IntakeError("wanted a list of GitHub's secrets or variables") }
        if let total = root["total_count"]?.asInteger, total > entries.count {
            throw IntakeError("it is one page: \(entries.count) of \(total); fetch them all (per_page=100, --paginate)")
        }
        var values = ValueList()
        var listing = Listing()
        for entry in entries {
            guard let name = entry["name"]?.asString else { throw IntakeError("an entry has no 'name'") }
            guard let value = entry["value"] else {
                listing.elsewhere.append(
                    Listing.Item(
                        place: options.place ?? "github",
                        name: name,
                        created: try Self.time(entry["created_at"] ?? entry["createdAt"]),
                        updated: try Self.time(entry["updated_at"] ?? entry["updatedAt"])
                    )
                )
                continue
            }
            values.add(name, value.asString.map { Array($0.utf8) }, otherwise: "has a value that is no text")
        }
        let read = try values.listing()
        listing.values = read.values
        listing.notes = read.notes
        return listing
    }

    /// GitLab gives values, but of hidden variables; a name may be there once for each scope.
    func gitlab(_ options: IntakeOptions) throws(IntakeError) -> Listing {
        guard let entries = root.asArray else { throw IntakeError("wanted a list of GitLab's variables") }
        var listing = Listing()
        var values = ValueList()
        for entry in try Self.inScope(entries, options.scope) {
            guard let name = entry["key"]?.asString else { throw IntakeError("an entry has no 'key'") }
            guard let value = entry["value"]?.asString, entry["hidden"]?.asBool != true else {
                listing.elsewhere.append(Listing.Item(place: options.place ?? "gitlab", name: name))
                continue
            }
            values.add(name, Array(value.utf8), otherwise: "")
        }
        let read = try values.listing()
        listing.values = read.values
        listing.notes = read.notes
        return listing
    }

    /// Of each name the entry of a scope, else the one of all scopes; without a scope all of them.
    private static func inScope(_ entries: [JSON], _ scope: String?) throws(IntakeError) -> [JSON] {
        guard let scope else {
            let scoped = Dictionary(grouping: entries) { $0["key"]?.asString ?? "" }.filter { $0.value.count > 1 }
            guard scoped.isEmpty else {
                throw IntakeError(
                    "\(scoped.keys.sorted().joined(separator: ", ")): there for several environment scopes; "
                        + "choose one by --scope, and import each into a context of its own"
                )
            }
            return entries
        }
        let exact = entries.filter { $0["environment_scope"]?.asString == scope }
        let names = Set(exact.compactMap { $0["key"]?.asString })
        return entries.filter { entry in
            let own = entry["environment_scope"]?.asString ?? "*"
            return own == scope || own == "*" && !names.contains(entry["key"]?.asString ?? "")
        }
    }

    static func time(_ value: JSON?) throws(IntakeError) -> UnixTime? {
        guard let text = value?.asString, !text.isEmpty else { return nil }
        guard let moment = try? RFC3339.parse(text) else {
            throw IntakeError("'\(text.prefix(40))' is no time as 2026-11-22T09:30:00Z")
        }
        return moment
    }
}

extension JSONListing {
    /// What CircleCI-Env-Inspector found: variables of contexts and projects, and keys of projects; never a value, as CircleCI
    /// gives none away, and what stands as `value` of a project's variable is masked.
    func circleci() throws(IntakeError) -> Listing {
        var listing = Listing()
        // Its present form has accounts; an older one was one account without its name.
        for account in root["accounts"]?.asArray ?? [root] {
            let owner = (account["name"]?.asString).map { "\($0) " } ?? ""
            for context in account["contexts"]?.asArray ?? [] {
                let place = "\(owner)context \(context["name"]?.asString ?? "?")"
                for variable in context["variables"]?.asArray ?? [] {
                    listing.elsewhere.append(try Self.item(variable, "variable", in: place))
                }
            }
            for project in account["projects"]?.asArray ?? [] {
                try Self.add(project, to: &listing)
            }
            if account["errors"]?.asArray?.isEmpty == false {
                listing.notes.append("the report has errors: what it could not read is missing here")
            }
        }
        guard !listing.elsewhere.isEmpty else {
            throw IntakeError("the report names no variable of a context or project")
        }
        return listing
    }

    private static func add(_ project: JSON, to listing: inout Listing) throws(IntakeError) {
        let place = "project \(project["slug"]?.asString ?? project["name"]?.asString ?? "?")"
        for variable in project["project_env_vars"]?.asArray ?? project["variables"]?.asArray ?? [] {
            listing.elsewhere.append(try item(variable, "name", in: place))
        }
        for key in project["checkout_keys"]?.asArray ?? [] {
            let name = "checkout key \(key["fingerprint"]?.asString ?? "?")"
            listing.elsewhere.append(Listing.Item(place: place, name: name, created: try time(key["created_at"])))
        }
        for key in project["ssh_keys"]?.asArray ?? [] {
            let host = key["hostname"]?.asString ?? "any host"
            listing.elsewhere.append(
                Listing.Item(place: place, name: "SSH key for \(host) \(key["fingerprint"]?.asString ?? "?")")
            )
        }
        if let key = project["legacy_aws_keys"]?["access_key_id"]?.asString, !key.isEmpty {
            listing.elsewhere.append(Listing.Item(place: place, name: "legacy AWS key"))
        }
        if project["errors"]?.asArray?.isEmpty == false {
            listing.notes.append("\(place): the report has errors, and may not have everything")
        }
    }

    private static func item(_ variable: JSON, _ key: String, in place: String) throws(IntakeError) -> Listing.Item {
        guard let name = variable[key]?.asString, !name.isEmpty else {
            throw IntakeError("\(place.prefix(100)): a variable has no '\(key)'")
        }
        return Listing.Item(
            place: place,
            name: name,
            created: try time(variable["created_at"]),
            updated: try time(variable["updated_at"])
        )
    }
}

/// Values as they are found, with what is wrong with them.
private struct ValueList {
    private var values: [Listing.Value] = []
    private var names: Set<EnvironmentName> = []
    private var problems: [IntakeError.Problem] = []
    private var notes: [String] = []

    mutating func add(_ text: String, _ bytes: [UInt8]?, otherwise reason: String) {
        guard let name = EnvironmentName(text) else {
            let shown = text.unicodeScalars.prefix(4).map(Character.init)
            problems.append(
                IntakeError.Problem(
                    "'\(String(shown))…' is no name of a variable: letters, digits and '_', no digit first"
                )
            )
            return
        }
        guard names.insert(name).inserted else {
            problems.append(IntakeError.Problem("\(name) is there twice; keep one of them"))
            return
        }
        guard let bytes else {
            problems.append(IntakeError.Problem("\(name) \(reason)"))
            return
        }
        guard !bytes.isEmpty else {
            notes.append("\(name) is empty and was left out")
            return
        }
        values.append(Listing.Value(name, bytes))
    }

    func listing() throws(IntakeError) -> Listing {
        guard problems.isEmpty else { throw IntakeError(problems) }
        var listing = Listing()
        listing.values = values
        listing.notes = notes
        return listing
    }
}
