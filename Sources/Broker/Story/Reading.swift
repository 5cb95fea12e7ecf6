internal import Claims
internal import Crypto
internal import Encoding
internal import Exchange
internal import Ledger
internal import Policy
internal import Runs
internal import Secrets

/// Static secrets: a context's values leave once the ledger knows who reads them.
extension Broker {
    /// Opens a context for a run that its rules allow.
    func read(
        context: String,
        _ wish: SecretWish,
        for run: Run,
        trace: String,
        through exchange: Exchange
    ) async throws(Problem) -> ReleasedValues {
        switch now.policy.contextGrant(for: ClaimSet(of: run), context: context) {
        case .refused(let refusal): throw try await refuse(refusal, to: run, trace: trace)
        case .allowed(let grant):
            var entry = Entry(.secretRead, .succeeded, of: run, trace: trace)
            entry.rule = grant.rule.description
            let drawn = try await draw(context, wish, for: run, trace: trace, through: exchange)
            let sealed: Sealed<ContextValues>
            do throws(SecretsError) {
                sealed = try await secrets.read(grant, wish, besides: drawn, recordedAs: entry)
            } catch {
                throw Problem(error)
            }
            let released = try await release(sealed, to: run)
            metrics.count(.secretRead)
            return released.open()
        }
    }

    /// Fetches what a context draws from managers of secrets, with the run's own identity.
    private func draw(
        _ name: String,
        _ wish: SecretWish,
        for run: Run,
        trace: String,
        through exchange: Exchange
    ) async throws(Problem) -> NamedSecrets {
        var drawn = NamedSecrets()
        for source in now.context(name)?.sources ?? [] {
            if case .one(let wanted, _) = wish, !source.fields.contains(where: { $0.name == wanted }) { continue }
            let (grant, target) = try await target(source.target, for: run, trace: trace)
            let reading: Target
            do throws(TargetError) {
                reading = try target.reading(source.path, source.fields.map { ($0.name.text, $0.field) })
            } catch {
                throw Problem(
                    .unavailable,
                    "Context '\(name)' cannot draw from target '\(target.name)': \(error.wanted)."
                )
            }
            let token = try await issue(grant, to: run, trace: trace)
            let credential: Credential
            do throws(ExchangeFailure) {
                credential = try await exchange.trade(token, at: reading, for: JobIdentity(run))
            } catch {
                var entry = Entry.failed(error, at: target.name, of: run, trace: trace)
                entry.context = name
                try await record(entry)
                throw Problem(error, at: target.name, fallback: nil)
            }
            var entry = Entry(.exchangeSucceeded, .succeeded, of: run, trace: trace)
            entry.rule = grant.rule.description
            entry.context = name
            let held = HeldCredential(credential, of: reading)
            let values = try await releaseOrEnd(credential, of: reading, recordedAs: entry, to: run, through: exchange)
                .takeEnvironment()
            holdings.note(held, for: run.id, at: clock())
            metrics.count(.exchangeSucceeded)
            for field in source.fields {
                if let value = values.copy(of: field.name) { drawn.append(field.name, value) }
            }
        }
        return drawn
    }
}
