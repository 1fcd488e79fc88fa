import CoveMetadata
import Foundation

/// A message for an incoming webhook of Slack: `text` for notifications, blocks for the channel (Slack, "Block Kit").
struct SlackMessage: Encodable, Equatable {
    struct Text: Encodable, Equatable {
        let type: String
        let text: String
    }

    struct Block: Encodable, Equatable {
        let type: String
        var text: Text?
        var fields: [Text]?
    }

    /// Slack refuses longer ones.
    private static let longestText = 2900

    let text: String
    let blocks: [Block]

    init(_ occurrence: WebhookOccurrence, of policy: WebhookPolicyRecord) throws {
        let data = occurrence.data
        let what = data.resources?.compactMap { $0.url ?? $0.tag }.first ?? data.repository?.fullName ?? data.retention?.project ?? ""
        text = Self.escaped("\(occurrence.type.rawValue): \(what) by \(occurrence.actor)")
        func field(_ name: String, _ value: String) -> Text { Text(type: "mrkdwn", text: "*\(name)*\n\(Self.escaped(value))") }
        let time = Date(timeIntervalSince1970: Double(occurrence.at / 1_000_000)).formatted(.iso8601)
        blocks = [
            Block(type: "header", text: Text(type: "plain_text", text: "Webhook \(String(policy.name.prefix(100)))")),
            Block(
                type: "section",
                fields: [
                    field("event_type", occurrence.type.rawValue), field("operator", occurrence.actor), field("occur_at", time),
                    field("resource", what),
                ]),
            Block(
                type: "section",
                text: Text(
                    type: "mrkdwn", text: "```\(Self.escaped(String(try WebhookPayload.json(data).prefix(Self.longestText / 2))))```")),
        ]
    }

    /// Slack, "Escaping text".
    private static func escaped(_ text: String) -> String {
        String(
            text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("`", with: "'")
                .prefix(longestText))
    }
}
