internal import Delivery
internal import POSIX
internal import Time

/// Where a running child's next credentials come from, and what is done before the child can have them.
struct TargetSource: CredentialSource {
    let broker: JobBroker
    let target: String
    let wanted: Wanted
    let masks: SharedMask?
    let directory: PrivateDirectory?
    let place: Handover.Place
    let keys: Bool
    let console: Console

    func obtain() async throws(RenewalFailure) -> HeldCredential {
        let answer: CredentialAnswer
        do throws(CommandError) { answer = try await broker.client.credential(target, wanted) } catch {
            let isFinal = ![.unavailable, .tryAgain, .inputOutput].contains(error.exit)
            throw RenewalFailure(isFinal: isFinal, message: error.message)
        }
        console.noteSource(of: answer)
        let handover = Handover(answer, at: place, keys: keys)
        do {
            // First the mask: nobody may print what is not yet looked for.
            try masks?.add(answer)
            for file in handover.files { try directory?.write(file.name, Array(file.text.utf8)) }
        } catch {
            throw RenewalFailure(isFinal: false, message: CommandError(describing: error).message)
        }
        return HeldCredential(answer, obtained: SystemClock.now())
    }
}
