package import JSON
package import Time

/// An AWS session of a web identity, as CloudTrail tells of it.
package struct TrailSession: Equatable, Sendable {
    package let eventID: String
    package let event: String
    package let time: UnixTime?
    /// The last part of the identity provider's ARN: the issuer without its scheme.
    package let provider: String
    package let accessKey: String?
    package let session: String?
    package let subject: String?

    /// Reads an event; nil where it is of no web identity's session, or was refused by AWS.
    package init?(_ event: JSON) {
        let user = event["userIdentity"]
        let federated = user?["sessionContext"]?["webIdFederationData"]?["federatedProvider"]?.asString
        let name = event["eventName"]?.asString ?? ""
        let isAssuming = name == "AssumeRoleWithWebIdentity"
        let arn =
            federated ?? user?["identityProvider"]?.asString ?? event["responseElements"]?["provider"]?.asString ?? ""
        guard let mark = arn.firstRange(of: "oidc-provider/") else { return nil }
        if isAssuming, event["errorCode"]?.asString != nil { return nil }
        provider = String(arn[mark.upperBound...])
        eventID = event["eventID"]?.asString ?? "-"
        self.event = name
        time = TraceClues.time(of: event)
        let response = event["responseElements"]
        accessKey = isAssuming ? response?["credentials"]?["accessKeyId"]?.asString : user?["accessKeyId"]?.asString
        let role = isAssuming ? nil : user?["arn"]?.asString?.split(separator: "/").last.map(String.init)
        session = event["requestParameters"]?["roleSessionName"]?.asString ?? role
        subject = response?["subjectFromWebIdentityToken"]?.asString ?? (isAssuming ? user?["userName"]?.asString : nil)
    }
}
