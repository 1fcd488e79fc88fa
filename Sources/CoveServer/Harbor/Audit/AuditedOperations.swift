/// How the audit log names what is done through Harbor's API. What only tries a connection is left out.
enum AuditedOperations {
    struct Kind: Sendable, Equatable {
        let operation: String
        let resourceType: String
    }

    /// Nil for an operation that changes nothing.
    static func kind(of operation: HarborOperation) -> Kind? { kinds[operation] }

    /// Every kind of entry there is, of this API and of others.
    static let eventTypes: [String] = {
        let others = ["pull_artifact", "create_artifact", "delete_blob", "login_user", "logout_user"]
        return Set(kinds.values.map { "\($0.operation)_\($0.resourceType)" } + others).sorted()
    }()

    private static let kinds: [HarborOperation: Kind] = {
        var kinds: [HarborOperation: Kind] = [:]
        for (type, operations) in table {
            for (operation, word) in operations { kinds[operation] = Kind(operation: word, resourceType: type) }
        }
        return kinds
    }()

    private static let table: [(type: String, operations: [(HarborOperation, String)])] = [
        ("artifact", [(.copyArtifact, "copy"), (.deleteArtifact, "delete"), (.addLabel, "update"), (.removeLabel, "update")]),
        ("tag", [(.createTag, "create"), (.deleteTag, "delete")]),
        ("repository", [(.deleteRepository, "delete"), (.updateRepository, "update")]),
        ("label", [(.createLabel, "create"), (.deleteLabel, "delete"), (.updateLabel, "update")]),
        (
            "project",
            [
                (.createProject, "create"), (.deleteProject, "delete"), (.updateProject, "update"), (.setScannerOfProject, "update"),
            ]
        ),
        (
            "project_metadata",
            [(.addProjectMetadatas, "create"), (.deleteProjectMetadata, "delete"), (.updateProjectMetadata, "update")]
        ),
        ("project_member", [(.createProjectMember, "create"), (.deleteProjectMember, "delete"), (.updateProjectMember, "update")]),
        ("repository_grant", [(.createRepositoryGrant, "create"), (.deleteRepositoryGrant, "delete")]),
        (
            "user",
            [
                (.createUser, "create"), (.deleteUser, "delete"), (.updateUserProfile, "update"), (.setCliSecret, "update"),
                (.updateUserPassword, "update"), (.setUserSysAdmin, "update"), (.setUserAuditor, "update"), (.importLdapUser, "create"),
            ]
        ),
        ("usergroup", [(.createUserGroup, "create"), (.deleteUserGroup, "delete"), (.updateUserGroup, "update")]),
        (
            "robot",
            [
                (.createRobot, "create"), (.deleteRobot, "delete"), (.refreshSec, "update"), (.updateRobot, "update"),
            ]
        ),
        ("configuration", [(.updateConfigurations, "update")]),
        ("quota", [(.updateQuota, "update")]),
        ("cve_allowlist", [(.putSystemCVEAllowlist, "update")]),
        ("immutable_rule", [(.createImmuRule, "create"), (.deleteImmuRule, "delete"), (.updateImmuRule, "update")]),
        (
            "tag_retention",
            [
                (.createRetention, "create"), (.deleteRetention, "delete"), (.updateRetention, "update"),
                (.triggerRetentionExecution, "start"), (.operateRetentionExecution, "stop"),
            ]
        ),
        (
            "webhook_policy",
            [
                (.createWebhookPolicyOfProject, "create"), (.deleteWebhookPolicyOfProject, "delete"),
                (.updateWebhookPolicyOfProject, "update"), (.redeliverWebhookExecution, "redeliver"), (.testWebhookPolicy, "test"),
            ]
        ),
        ("gc", [(.createGCSchedule, "create"), (.updateGCSchedule, "update"), (.stopGC, "stop")]),
        ("purge_audit", [(.createPurgeSchedule, "create"), (.updatePurgeSchedule, "update"), (.stopPurge, "stop")]),
        ("job", [(.stopRunningJob, "stop"), (.actionPendingJobs, "update")]),
        ("registry", [(.createRegistry, "create"), (.deleteRegistry, "delete"), (.updateRegistry, "update")]),
        (
            "replication_policy",
            [
                (.createReplicationPolicy, "create"), (.deleteReplicationPolicy, "delete"), (.updateReplicationPolicy, "update"),
                (.startReplication, "start"), (.stopReplication, "stop"),
            ]
        ),
        (
            "scan",
            [
                (.scanArtifact, "start"), (.stopScanArtifact, "stop"), (.createScanAllSchedule, "create"),
                (.updateScanAllSchedule, "update"), (.stopScanAll, "stop"),
            ]
        ),
        (
            "scanner",
            [
                (.createScanner, "create"), (.deleteScanner, "delete"), (.setScannerAsDefault, "update"), (.updateScanner, "update"),
            ]
        ),
        ("preheat_instance", [(.createInstance, "create"), (.deleteInstance, "delete"), (.updateInstance, "update")]),
        (
            "preheat_policy",
            [
                (.createPolicy, "create"), (.deletePolicy, "delete"), (.updatePolicy, "update"), (.manualPreheat, "start"),
                (.stopExecution, "stop"),
            ]
        ),
    ]
}
