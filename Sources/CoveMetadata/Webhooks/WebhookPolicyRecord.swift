/// Whom a project tells of some of what happens in it.
package struct WebhookPolicyRecord: Sendable, Equatable {
    /// 0 for one that is not kept yet.
    package var id: Int64 = 0
    package var projectID: Int64
    package var name: String
    package var description = ""
    /// The account that made it.
    package var creator = ""
    /// ``WebhookEventType`` as Harbor's API spells them, such as `PUSH_ARTIFACT`.
    package var eventTypes: [String]
    package var targets: [WebhookTarget]
    package var isEnabled = true
    /// UTC microseconds since 1970.
    package var createdAt: Int64 = 0
    package var updatedAt: Int64 = 0

    package init(projectID: Int64, name: String, eventTypes: [String], targets: [WebhookTarget]) {
        self.projectID = projectID
        self.name = name
        self.eventTypes = eventTypes
        self.targets = targets
    }
}

/// Where a webhook sends to, and in which form.
package struct WebhookTarget: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case http, slack
    }

    package enum Format: String, Sendable, Codable, CaseIterable {
        /// Harbor's own JSON.
        case `default` = "Default"
        /// CloudEvents 1.0, structured JSON.
        case cloudEvents = "CloudEvents"
    }

    package var kind: Kind
    /// `http://…` or `https://…`, without a user.
    package var address: String
    /// Nil for Slack, which has a form of its own.
    package var format: Format?
    /// Sent as the header `Authorization`. A secret.
    package var authorization: String?
    /// What the body is signed with (HMAC-SHA256). A secret.
    package var secret: String?
    package var skipsVerification = false

    package init(_ kind: Kind, address: String, format: Format? = nil) {
        self.kind = kind
        self.address = address
        self.format = format
    }
}
