package import Crypto
package import Encoding
package import JSON

/// An endpoint that needs no code: what it is asked, and where in its answer things stand.
///
/// It can send the ID token to one host alone, which stands in the recipe or in the parameters that the configuration gives,
/// and in no run's claims and no server's answer: both requests are made of that host and a path, and no redirect is followed.
package struct Recipe: Equatable, Sendable {
    /// What a target says beside the recipe.
    package struct Parameter: Equatable, Sendable {
        package let name: String
        /// What it is, for whoever writes the target.
        package let about: String
        package let example: String?
        package let standard: String?
        /// Whether it may be left out though it has no default; then what it stands in is left out too.
        package let isOptional: Bool
        /// Whether it is a whole number.
        package let isNumber: Bool

        /// Makes a parameter.
        package init(
            _ name: String,
            about: String,
            example: String? = nil,
            standard: String? = nil,
            isOptional: Bool = false,
            isNumber: Bool = false
        ) {
            self.name = name
            self.about = about
            self.example = example
            self.standard = standard
            self.isOptional = isOptional
            self.isNumber = isNumber
        }
    }

    /// What of an answer the job gets.
    package struct Result: Equatable, Sendable {
        /// Each variable with the place of its value; the first is the credential itself.
        package var environment: [Variable]
        /// Further variables of parameters, none of them secret.
        package var whereabouts: [RecipeRequest.Field]
        /// Seconds from now, or a moment (RFC 3339, or seconds since the epoch).
        package var expiresIn: JSONPointer?
        package var expiresAt: JSONPointer?
        /// How long it lives where the answer does not say.
        package var lifetime: Duration?
        /// What the service's own logs call it.
        package var name: JSONPointer?

        /// Makes a result of the variables that it fills.
        package init(
            environment: [Variable],
            whereabouts: [RecipeRequest.Field] = [],
            expiresIn: JSONPointer? = nil,
            expiresAt: JSONPointer? = nil,
            lifetime: Duration? = nil,
            name: JSONPointer? = nil
        ) {
            self.environment = environment
            self.whereabouts = whereabouts
            self.expiresIn = expiresIn
            self.expiresAt = expiresAt
            self.lifetime = lifetime
            self.name = name
        }
    }

    /// A variable and where in the answer its value stands.
    package struct Variable: Equatable, Sendable {
        package let name: EnvironmentName
        package let place: JSONPointer

        /// Makes a variable.
        package init(_ name: EnvironmentName, _ place: JSONPointer) {
            self.name = name
            self.place = place
        }
    }

    /// How the endpoint says no; the first place that holds something counts.
    package struct Refusals: Equatable, Sendable {
        package var codes: [JSONPointer]
        package var messages: [JSONPointer]
        /// Codes that mean that asking again may help.
        package var outages: Set<String>
        /// Codes that mean that a setting is wrong.
        package var misconfigurations: Set<String>

        /// Makes a reading of refusals.
        package init(
            codes: [JSONPointer] = [],
            messages: [JSONPointer] = [],
            outages: Set<String> = [],
            misconfigurations: Set<String> = []
        ) {
            self.codes = codes
            self.messages = messages
            self.outages = outages
            self.misconfigurations = misconfigurations
        }
    }

    /// What it is for, for messages and answers.
    package let name: String
    package let parameters: [Parameter]
    package let request: RecipeRequest
    package let result: Result
    package let refusals: Refusals
    package let revocation: RecipeRequest?
    /// The audience of the ID token where the target gives none.
    package let audience: RecipeTemplate?
    /// The signature algorithms that the endpoint verifies.
    package let algorithms: [SignatureAlgorithm]
    /// The longest subject that it takes, in bytes.
    package let subjectBytes: Int

    /// What stands beside parameters in the places of a request.
    package static let requestPlaces: Set<String> = ["token", "session_name", "time", "timestamp"]
    /// What stands beside parameters in the places of a revocation.
    package static let revocationPlaces: Set<String> = ["credential", "time", "timestamp"]

    /// Makes a recipe of parts that are each valid by themselves.
    ///
    /// - Throws: `TargetError` naming `request`, `revoke` or `credential` where they do not fit together.
    package init(
        name: String,
        parameters: [Parameter],
        request: RecipeRequest,
        result: Result,
        refusals: Refusals = Refusals(),
        revocation: RecipeRequest? = nil,
        audience: RecipeTemplate? = nil,
        algorithms: [SignatureAlgorithm] = SignatureAlgorithm.allCases,
        subjectBytes: Int = 255
    ) throws(TargetError) {
        guard request.places.contains("token") else {
            throw TargetError("request", seen: "no {token}", wanted: "{token} where the endpoint expects the ID token")
        }
        if let revocation, revocation.origin != request.origin {
            throw TargetError("revoke", seen: "another host", wanted: "the host of the request, to the letter")
        }
        guard !result.environment.isEmpty else {
            throw TargetError("credential", seen: "no variable", wanted: "at least one under 'environment'")
        }
        let spare = Set(parameters.filter { $0.isOptional && $0.standard == nil }.map(\.name))
        for url in [request, revocation].compactMap(\.self) {
            guard url.origin.places.union(url.path.places).isDisjoint(with: spare) else {
                throw TargetError(
                    "request",
                    seen: "an optional parameter in the URL",
                    wanted: "one with a default, or required"
                )
            }
        }
        self.name = name
        self.parameters = parameters
        self.request = request
        self.result = result
        self.refusals = refusals
        self.revocation = revocation
        self.audience = audience
        self.algorithms = algorithms
        self.subjectBytes = subjectBytes
    }
}
