/// The services that a sandbox stands in for.
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
