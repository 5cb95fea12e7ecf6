/// The broker as one job's tasks share it.
final class JobBroker: Sendable {
    let client: BrokerClient

    init(_ client: consuming BrokerClient) { self.client = client }
}
