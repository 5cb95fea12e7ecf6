/// Trust owns the cloud's side of trust: what a relying party demands of a token before it gives a credential for it.
///
/// Its sandbox stands in for clouds on loopback, for trying a configuration with no account: it verifies each token through
/// the issuer's own documents, by the rules of the cloud that it plays, and answers in that cloud's words. What it gives
/// opens nothing anywhere. It decides nothing in a real exchange, and a broker never calls it but over the network.
///
/// AWS STS version 2011-06-15, Google STS v1 and IAM Credentials v1, Microsoft Entra ID v2.0, the JWT login, key-value and
/// dynamic secrets of OpenBao and Vault, RFC 8693 (token exchange) with RFC 7009 (revocation), and the endpoints of the recipes
/// that are shipped.
package enum StandIn: String, Sendable, CaseIterable {
    case aws = "AWS STS"
    case google = "Google Cloud"
    case entra = "Microsoft Entra ID"
    case vault = "Vault"
    case tokenExchange = "RFC 8693"
    case pulumi = "Pulumi Cloud"
    case jfrog = "JFrog"
    case cloudsmith = "Cloudsmith"
    case databricks = "Databricks"
    case alibaba = "Alibaba Cloud"
    case tencent = "Tencent Cloud"
}
