internal import Delivery
internal import EventLoop
internal import JSON
internal import POSIX
internal import Time

/// Everything that one child is given, and what keeps it fresh; on exec's loop.
final class Provision {
    private(set) var variables = ChildEnvironment()
    private(set) var secrets = MaskedSecrets()
    private var first: [HeldCredential] = []
    private var server: LoopbackServer?
    private(set) var directory: PrivateDirectory?
    private var renewals: [Task<Void, Never>] = []

    private let invocation: Invocation
    private let console: Console
    private let wanted: Wanted
    private let keys: Bool

    init(_ invocation: Invocation, _ console: Console) {
        self.invocation = invocation
        self.console = console
        wanted = invocation.has(ExecCommand.tokenFile) ? .idToken : .whatRenews
        keys = invocation.has(ExecCommand.keys)
    }

    /// Asks for everything once; where one is refused, nothing is given.
    func obtain(from broker: JobBroker) async throws(CommandError) {
        for target in invocation.operands where !first.contains(where: { $0.answer.target == target }) {
            let credential = try await broker.client.credential(target, wanted)
            console.noteSource(of: credential)
            secrets.add(credential)
            first.append(HeldCredential(credential, obtained: SystemClock.now()))
        }
        // The child has the run's own token as well.
        if let token = invocation.environment.nonEmpty(BrokerOptions.requestToken.name) {
            secrets.add("run", [Array(token.utf8)])
        }
        for context in invocation.all(ExecCommand.context) {
            let values = try await broker.client.context(context)
            secrets.add(values)
            do throws(DeliveryError) { try variables.add(values) } catch {
                throw CommandError(.badData, error.description)
            }
        }
    }

    /// Puts together what the child gets, starts what renews it, and hides in its output what it gets.
    func begin(_ broker: JobBroker, masks: SharedMask?, on loop: EventLoop) async throws {
        let handovers = try await handovers(on: loop)
        if let server { try masks?.add("exec", server.token) }
        for (held, handover) in zip(first, handovers) {
            try variables.add(held.answer, handover)
            for file in handover.files { try directory?.write(file.name, Array(file.text.utf8)) }
            guard handover.renewal != .none, let place else { continue }
            let source = TargetSource(
                broker: broker,
                target: held.answer.target,
                wanted: wanted,
                masks: masks,
                directory: directory,
                place: place,
                keys: keys,
                console: console
            )
            keep(CredentialKeeper(held.answer.target, held, from: source, clock: SystemClock.now), on: loop)
        }
        if invocation.has(ExecCommand.kubeconfig) { try addKubeconfig() }
    }

    /// Ends the renewing, and removes every file.
    func end() async {
        for renewal in renewals { renewal.cancel() }
        await server?.close()
        directory?.remove()
    }

    private var place: Handover.Place? {
        server.map { Handover.Place(server: $0.url, token: $0.token, directory: directory?.path ?? "") }
    }

    private func handovers(on loop: EventLoop) async throws -> [Handover] {
        let nowhere = Handover.Place(server: "", token: "", directory: "")
        let needs = first.map { Handover($0.answer, at: nowhere, keys: keys) }
        if needs.contains(where: { $0.renewal != .none }) {
            let server = LoopbackServer()
            try await server.start(on: loop)
            self.server = server
        }
        if needs.contains(where: { !$0.files.isEmpty }) || invocation.has(ExecCommand.kubeconfig) {
            directory = try PrivateDirectory("jobpass-exec", invocation.environment)
        }
        return first.map { Handover($0.answer, at: place ?? nowhere, keys: keys) }
    }

    private func keep(_ keeper: CredentialKeeper, on loop: EventLoop) {
        server?.add(keeper)
        let console = console
        renewals.append(
            Task(executorPreference: loop) {
                let failure = await keeper.keep { try? await loop.sleep(for: $0) }
                guard let failure, !Task.isCancelled else { return }
                console.warning("target '\(keeper.target)' is not renewed any more: \(failure.message)")
            }
        )
    }

    /// Users by the targets' names, each of whom asks `jobpass credential` for its token.
    private func addKubeconfig() throws {
        let command = try ThisProcess.executable()
        let users = invocation.operands.map { target -> JSON in
            [
                "name": .string(target),
                "user": [
                    "exec": [
                        "apiVersion": "client.authentication.k8s.io/v1", "command": .string(command),
                        "args": ["credential", .string(target), "--format", "kubernetes"], "interactiveMode": "Never",
                    ]
                ],
            ]
        }
        let file: JSON = ["apiVersion": "v1", "kind": "Config", "users": .array(users)]
        try directory?.write("kubeconfig", file.serialized())
        let environment = invocation.environment
        let others = environment.nonEmpty("KUBECONFIG") ?? environment.nonEmpty("HOME").map { "\($0)/.kube/config" }
        let all = [directory?.file("kubeconfig"), others].compactMap(\.self).joined(separator: ":")
        try variables.add([("KUBECONFIG", all)], from: "--kubeconfig")
    }
}
