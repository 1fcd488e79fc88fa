/// Something that can be done, in a project or in the system; resources and actions have Harbor's names (`/permissions`).
package struct Permission: Sendable, Hashable {
    package enum Resource: String, Sendable, CaseIterable {
        // In a project.
        case project = "self"
        case member, log, label, quota, repository, robot, configuration, scan, sbom, scanner, artifact, tag, accessory
        case metadata
        case tagRetention = "tag-retention"
        case immutableTag = "immutable-tag"
        case notificationPolicy = "notification-policy"
        case artifactAddition = "artifact-addition"
        case artifactLabel = "artifact-label"
        case exportCVE = "export-cve"
        case preheatPolicy = "preheat-policy"
        // In the system.
        case auditLog = "audit-log"
        case catalog
        case garbageCollection = "garbage-collection"
        case jobserviceMonitor = "jobservice-monitor"
        case ldapUser = "ldap-user"
        case preheatInstance = "preheat-instance"
        case purgeAudit = "purge-audit"
        case registry
        case replication
        case replicationAdapter = "replication-adapter"
        case replicationPolicy = "replication-policy"
        case scanAll = "scan-all"
        case securityHub = "security-hub"
        case systemVolumes = "system-volumes"
        case systemProject = "project"
        case user
        case userGroup = "user-group"
    }

    package enum Action: String, Sendable, CaseIterable {
        case create, read, update, delete, list, pull, push, stop, operate
    }

    package let resource: Resource
    package let action: Action

    package init(_ action: Action, _ resource: Resource) {
        self.action = action
        self.resource = resource
    }
}
