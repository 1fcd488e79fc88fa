/// What projects' webhooks can be told of, as Harbor's API spells it. Replications and scans come with what does them.
package enum WebhookEventType: String, Sendable, CaseIterable, Codable {
    case pushArtifact = "PUSH_ARTIFACT"
    case pullArtifact = "PULL_ARTIFACT"
    case deleteArtifact = "DELETE_ARTIFACT"
    /// Something was refused, as the project would have held more than it may.
    case quotaExceed = "QUOTA_EXCEED"
    /// The project holds nearly as much as it may.
    case quotaWarning = "QUOTA_WARNING"
    case replication = "REPLICATION"
    case scanningFailed = "SCANNING_FAILED"
    case scanningCompleted = "SCANNING_COMPLETED"
    case scanningStopped = "SCANNING_STOPPED"
    /// A retention policy was run in a repository.
    case tagRetention = "TAG_RETENTION"

    /// The type of its CloudEvent.
    var cloudEventType: String {
        switch self {
        case .pushArtifact: "harbor.artifact.pushed"
        case .pullArtifact: "harbor.artifact.pulled"
        case .deleteArtifact: "harbor.artifact.deleted"
        case .quotaExceed: "harbor.quota.exceeded"
        case .quotaWarning: "harbor.quota.warned"
        case .replication: "harbor.replication.status.changed"
        case .scanningFailed: "harbor.scan.failed"
        case .scanningCompleted: "harbor.scan.completed"
        case .scanningStopped: "harbor.scan.stopped"
        case .tagRetention: "harbor.tag_retention.finished"
        }
    }
}
