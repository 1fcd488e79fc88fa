import CoveJobs
import CoveMetadata
import Foundation

/// Delivers something to a target of a webhook. Its log has what was sent and what was answered.
package struct WebhookJob: JobHandler {
    package struct Parameters: Codable, Sendable, Equatable {
        package let policy: Int64
        /// Which of the policy's targets.
        package let target: Int
        package let eventType: String
        package let contentType: String
        package let body: String

        enum CodingKeys: String, CodingKey {
            case policy, target, body
            case eventType = "event_type"
            case contentType = "content_type"
        }
    }

    /// Of what was sent, in the log.
    private static let mostLoggedBytes = 3500

    package let kind: String
    package let retry: JobRetry
    private let metadata: MetadataStore
    private let sender: WebhookSender

    /// - Parameter retries: tries after the first.
    package init(
        _ kind: WebhookTarget.Kind, metadata: MetadataStore, sender: WebhookSender, retries: Int, backoff: Duration
    ) {
        self.kind = kind.vendorType
        self.metadata = metadata
        self.sender = sender
        retry = JobRetry(attempts: Int64(retries) + 1, delay: backoff)
    }

    package func run(_ context: JobContext) async throws {
        let parameters = try context.parameters(Parameters.self)
        guard let policy = try await metadata.read({ try $0.webhookPolicy(parameters.policy) }),
            policy.targets.indices.contains(parameters.target)
        else { throw JobFailure("the webhook \(parameters.policy) is not there any more") }
        guard policy.isEnabled || context.job.executionID == nil else { throw JobFailure("the webhook '\(policy.name)' is switched off") }
        do throws(WebhookFailure) {
            let target = policy.targets[parameters.target]
            let request = try WebhookRequest(parameters, to: target, id: context.job.id, userAgent: sender.userAgent)
            context.log("> POST \(request.url.shown)")
            for (name, value) in request.shownHeaders { context.log("> \(name): \(value)") }
            context.log("> \(Self.beginning(parameters.body))")
            let start = ContinuousClock.now
            let answer = try await sender.send(request)
            context.log("< \(answer.status) \(answer.reason), after \(Self.milliseconds(since: start)) ms")
            let secrets = request.secrets(of: target)
            for (name, value) in answer.headers.prefix(40) {
                let shown = name.lowercased() == "set-cookie" ? "***" : String(Self.masked(value, secrets).prefix(200))
                context.log("< \(name): \(shown)")
            }
            if !answer.body.isEmpty { context.log("< \(Self.beginning(Self.masked(answer.body, secrets)))") }
            guard answer.isSuccess else {
                throw WebhookFailure("the receiver answered \(answer.status) \(answer.reason)")
            }
            context.setResult(#"{"status":\#(answer.status)}"#)
        } catch {
            if error.isFinal { throw JobFailure(error.description) }
            throw error
        }
    }

    /// Receivers may answer with what they were sent.
    static func masked(_ text: String, _ secrets: [String]) -> String { secrets.reduce(text) { $0.replacing($1, with: "***") } }

    private static func beginning(_ text: String) -> String {
        text.utf8.count <= mostLoggedBytes ? text : String(decoding: text.utf8.prefix(mostLoggedBytes), as: UTF8.self) + "…"
    }

    private static func milliseconds(since start: ContinuousClock.Instant) -> Int64 {
        let elapsed = ContinuousClock.now - start
        return elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000
    }
}

extension URL {
    /// Without what may be secret: the path of a Slack URL is its password.
    fileprivate var shown: String {
        let port = port.map { ":\($0)" } ?? ""
        return "\(scheme ?? "http")://\(host ?? "")\(port)/…"
    }
}
