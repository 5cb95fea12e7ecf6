/// The partitions of AWS, by the names that stand in ARNs.
enum AWSPartition: String, CaseIterable, Sendable {
    case standard = "aws"
    case china = "aws-cn"
    case usGovernment = "aws-us-gov"
    case europeanSovereign = "aws-eusc"
    case iso = "aws-iso"
    case isoB = "aws-iso-b"
    case isoE = "aws-iso-e"
    case isoF = "aws-iso-f"

    /// The partition that a region is in, told by the beginning of its name.
    init(region: String) {
        self = Self.prefixes.first { region.hasPrefix($0.prefix) }?.partition ?? .standard
    }

    /// What the names of its endpoints end with.
    var domain: String {
        switch self {
        case .standard, .usGovernment: "amazonaws.com"
        case .china: "amazonaws.com.cn"
        case .europeanSovereign: "amazonaws.eu"
        case .iso: "c2s.ic.gov"
        case .isoB: "sc2s.sgov.gov"
        case .isoE: "cloud.adc-e.uk"
        case .isoF: "csp.hci.ic.gov"
        }
    }

    private static let prefixes: [(prefix: String, partition: AWSPartition)] = [
        ("cn-", .china), ("us-gov-", .usGovernment), ("eusc-", .europeanSovereign), ("us-iso-", .iso),
        ("us-isob-", .isoB), ("eu-isoe-", .isoE), ("us-isof-", .isoF),
    ]
}
