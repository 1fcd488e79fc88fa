import CoveMetadata
import Foundation

/// What is sent to a target: the same bytes at each try.
struct WebhookPayload: Equatable {
    let contentType: String
    let body: String

    init(_ occurrence: WebhookOccurrence, to target: WebhookTarget, of policy: WebhookPolicyRecord) throws {
        switch (target.kind, target.format ?? .default) {
        case (.slack, _):
            contentType = "application/json"
            body = try Self.json(SlackMessage(occurrence, of: policy))
        case (.http, .default):
            contentType = "application/json"
            body = try Self.json(
                Plain(
                    type: occurrence.type.rawValue, occurredAt: occurrence.at / 1_000_000, actor: occurrence.actor, data: occurrence.data))
        case (.http, .cloudEvents):
            contentType = "application/cloudevents+json"
            body = try Self.json(
                CloudEvent(
                    id: UUID().uuidString.lowercased(), requestID: occurrence.requestID,
                    source: "/projects/\(policy.projectID)/webhook/policies/\(policy.id)", type: occurrence.type.cloudEventType,
                    time: Date(timeIntervalSince1970: Double(occurrence.at / 1_000_000)).formatted(.iso8601), actor: occurrence.actor,
                    data: occurrence.data))
        }
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// Harbor's own form.
    private struct Plain: Encodable {
        let type: String
        /// Seconds since 1970.
        let occurredAt: Int64
        let actor: String
        let data: WebhookOccurrence.Details

        enum CodingKeys: String, CodingKey {
            case type
            case occurredAt = "occur_at"
            case actor = "operator"
            case data = "event_data"
        }
    }

    /// CloudEvents 1.0, "JSON Event Format", with the two extensions that Harbor adds.
    private struct CloudEvent: Encodable {
        let specVersion = "1.0"
        let id: String
        let requestID: String
        let source: String
        let type: String
        let dataContentType = "application/json"
        let time: String
        let actor: String
        let data: WebhookOccurrence.Details

        enum CodingKeys: String, CodingKey {
            case specVersion = "specversion"
            case requestID = "requestid"
            case dataContentType = "datacontenttype"
            case actor = "operator"
            case id, source, type, time, data
        }
    }
}
