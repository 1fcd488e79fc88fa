// Made by scripts/harbor-api from the description of Harbor's API. Not edited by hand.

import HTTPTypes

/// The operations of Harbor's API.
enum HarborOperation: String, CaseIterable, Sendable {
    case explainAccess
    case listArtifacts
    case copyArtifact
    case deleteArtifact
    case getArtifact
    case listAccessories
    case getVulnerabilitiesAddition
    case getAddition
    case addLabel
    case removeLabel
    case listTags
    case createTag
    case deleteTag
    case listAuditLogs
    case listAuditLogExts
    case listAuditLogEventTypes
    case getConfigurations
    case updateConfigurations
    case getInternalconfig
    case getGCHistory
    case getGCSchedule
    case createGCSchedule
    case updateGCSchedule
    case getGC
    case stopGC
    case getGCLog
    case listRepositoryGrants
    case createRepositoryGrant
    case deleteRepositoryGrant
    case getHealth
    case getIcon
    case listImmuRules
    case createImmuRule
    case deleteImmuRule
    case updateImmuRule
    case stopRunningJob
    case actionGetJobLog
    case getWorkerPools
    case getWorkers
    case listJobQueues
    case actionPendingJobs
    case listLabels
    case createLabel
    case deleteLabel
    case getLabelByID
    case updateLabel
    case searchLdapGroup
    case pingLdap
    case importLdapUser
    case searchLdapUser
    case listProjectMembers
    case createProjectMember
    case deleteProjectMember
    case getProjectMember
    case updateProjectMember
    case pingOIDC
    case getPermissions
    case getPing
    case listInstances
    case createInstance
    case pingInstances
    case deleteInstance
    case getInstance
    case updateInstance
    case listProviders
    case listPolicies
    case createPolicy
    case deletePolicy
    case getPolicy
    case manualPreheat
    case updatePolicy
    case listExecutions
    case getExecution
    case stopExecution
    case listTasks
    case getPreheatLog
    case listProvidersUnderProject
    case listProjects
    case headProject
    case createProject
    case deleteProject
    case getProject
    case updateProject
    case getProjectDeletable
    case listArtifactsOfProject
    case getScannerOfProject
    case setScannerOfProject
    case listScannerCandidatesOfProject
    case getProjectSummary
    case getLogExts
    case getLogs
    case listProjectMetadatas
    case addProjectMetadatas
    case deleteProjectMetadata
    case getProjectMetadata
    case updateProjectMetadata
    case getPurgeHistory
    case getPurgeSchedule
    case createPurgeSchedule
    case updatePurgeSchedule
    case getPurgeJob
    case stopPurge
    case getPurgeJobLog
    case listQuotas
    case getQuota
    case updateQuota
    case listRegistries
    case createRegistry
    case pingRegistry
    case deleteRegistry
    case getRegistry
    case updateRegistry
    case getRegistryInfo
    case listRegistryProviderInfos
    case listRegistryProviderTypes
    case listReplicationExecutions
    case startReplication
    case getReplicationExecution
    case stopReplication
    case listReplicationTasks
    case getReplicationLog
    case listReplicationPolicies
    case createReplicationPolicy
    case deleteReplicationPolicy
    case getReplicationPolicy
    case updateReplicationPolicy
    case listRepositories
    case deleteRepository
    case getRepository
    case updateRepository
    case listAllRepositories
    case createRetention
    case getRentenitionMetadata
    case deleteRetention
    case getRetention
    case updateRetention
    case listRetentionExecutions
    case triggerRetentionExecution
    case operateRetentionExecution
    case listRetentionTasks
    case getRetentionTaskLog
    case listRobot
    case createRobot
    case deleteRobot
    case getRobotByID
    case refreshSec
    case updateRobot
    case scanArtifact
    case stopScanArtifact
    case getReportLog
    case exportScanData
    case downloadScanData
    case getScanDataExportExecution
    case getScanDataExportExecutionList
    case getLatestScanAllMetrics
    case getLatestScheduledScanAllMetrics
    case getScanAllSchedule
    case createScanAllSchedule
    case updateScanAllSchedule
    case stopScanAll
    case listScanners
    case createScanner
    case pingScanner
    case deleteScanner
    case getScanner
    case setScannerAsDefault
    case updateScanner
    case getScannerMetadata
    case listSchedules
    case getSchedulePaused
    case search
    case getSecuritySummary
    case listVulnerabilities
    case getStatistic
    case getSystemCVEAllowlist
    case putSystemCVEAllowlist
    case getSystemInfo
    case getCert
    case getVolumes
    case listUsers
    case createUser
    case getCurrentUserInfo
    case getCurrentUserPermissions
    case searchUsers
    case deleteUser
    case getUser
    case updateUserProfile
    case getUserAuditor
    case setUserAuditor
    case setCliSecret
    case updateUserPassword
    case setUserSysAdmin
    case listUserGroups
    case createUserGroup
    case searchUserGroups
    case deleteUserGroup
    case getUserGroup
    case updateUserGroup
    case getSupportedEventTypes
    case lastTrigger
    case listWebhookPoliciesOfProject
    case createWebhookPolicyOfProject
    case deleteWebhookPolicyOfProject
    case getWebhookPolicyOfProject
    case updateWebhookPolicyOfProject
    case listExecutionsOfWebhookPolicy
    case redeliverWebhookExecution
    case listTasksOfWebhookExecution
    case getLogsOfWebhookTask
    case testWebhookPolicy
    case listWebhookJobs

    /// Where it is, and what it takes beside a body.
    var endpoint: HarborEndpoint {
        switch self {
        case .explainAccess:
            HarborEndpoint(
                .get, "/access", group: "access",
                [
                    HarborParameter("user", .string),
                    HarborParameter("action", .string, isRequired: true),
                    HarborParameter("resource", .string, isRequired: true),
                ])
        case .listArtifacts:
            HarborEndpoint(
                .get, "/projects/{project_name}/repositories/{repository_name}/artifacts", group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("with_tag", .boolean),
                    HarborParameter("with_label", .boolean),
                    HarborParameter("with_scan_overview", .boolean),
                    HarborParameter("with_sbom_overview", .boolean),
                    HarborParameter("with_immutable_status", .boolean),
                    HarborParameter("with_accessory", .boolean),
                    HarborParameter("with_inherited_accessory", .boolean),
                ])
        case .copyArtifact:
            HarborEndpoint(
                .post, "/projects/{project_name}/repositories/{repository_name}/artifacts", group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("from", .string, isRequired: true),
                ])
        case .deleteArtifact:
            HarborEndpoint(
                .delete, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}", group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                ])
        case .getArtifact:
            HarborEndpoint(
                .get, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}", group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("with_tag", .boolean),
                    HarborParameter("with_label", .boolean),
                    HarborParameter("with_scan_overview", .boolean),
                    HarborParameter("with_sbom_overview", .boolean),
                    HarborParameter("with_accessory", .boolean),
                    HarborParameter("with_inherited_accessory", .boolean),
                    HarborParameter("with_signature", .boolean),
                    HarborParameter("with_immutable_status", .boolean),
                ])
        case .listAccessories:
            HarborEndpoint(
                .get, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/accessories", group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .getVulnerabilitiesAddition:
            HarborEndpoint(
                .get, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/vulnerabilities",
                group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                ])
        case .getAddition:
            HarborEndpoint(
                .get, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/{addition}",
                group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                    HarborParameter(
                        "addition", .string,
                        values: ["build_history", "values.yaml", "readme.md", "dependencies", "sbom", "license", "files"]),
                ])
        case .addLabel:
            HarborEndpoint(
                .post, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/labels", group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                ])
        case .removeLabel:
            HarborEndpoint(
                .delete, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/labels/{label_id}",
                group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                    HarborParameter("label_id", .integer),
                ])
        case .listTags:
            HarborEndpoint(
                .get, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/tags", group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("with_immutable_status", .boolean),
                ])
        case .createTag:
            HarborEndpoint(
                .post, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/tags", group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                ])
        case .deleteTag:
            HarborEndpoint(
                .delete, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/tags/{tag_name}", group: "artifact",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                    HarborParameter("tag_name", .string),
                ])
        case .listAuditLogs:
            HarborEndpoint(
                .get, "/audit-logs", group: "auditlog",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .listAuditLogExts:
            HarborEndpoint(
                .get, "/auditlog-exts", group: "auditlog",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .listAuditLogEventTypes:
            HarborEndpoint(
                .get, "/auditlog-exts/events", group: "auditlog",
                [])
        case .getConfigurations:
            HarborEndpoint(
                .get, "/configurations", group: "configure",
                [])
        case .updateConfigurations:
            HarborEndpoint(
                .put, "/configurations", group: "configure",
                [])
        case .getInternalconfig:
            HarborEndpoint(
                .get, "/internalconfig", group: "configure",
                [])
        case .getGCHistory:
            HarborEndpoint(
                .get, "/system/gc", group: "gc",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .getGCSchedule:
            HarborEndpoint(
                .get, "/system/gc/schedule", group: "gc",
                [])
        case .createGCSchedule:
            HarborEndpoint(
                .post, "/system/gc/schedule", group: "gc",
                [])
        case .updateGCSchedule:
            HarborEndpoint(
                .put, "/system/gc/schedule", group: "gc",
                [])
        case .getGC:
            HarborEndpoint(
                .get, "/system/gc/{gc_id}", group: "gc",
                [
                    HarborParameter("gc_id", .integer)
                ])
        case .stopGC:
            HarborEndpoint(
                .put, "/system/gc/{gc_id}", group: "gc",
                [
                    HarborParameter("gc_id", .integer)
                ])
        case .getGCLog:
            HarborEndpoint(
                .get, "/system/gc/{gc_id}/log", group: "gc",
                [
                    HarborParameter("gc_id", .integer)
                ], isText: true)
        case .listRepositoryGrants:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/grants", group: "grant",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                ])
        case .createRepositoryGrant:
            HarborEndpoint(
                .post, "/projects/{project_name_or_id}/grants", group: "grant",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .deleteRepositoryGrant:
            HarborEndpoint(
                .delete, "/projects/{project_name_or_id}/grants/{grant_id}", group: "grant",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("grant_id", .integer),
                ])
        case .getHealth:
            HarborEndpoint(
                .get, "/health", group: "health",
                [])
        case .getIcon:
            HarborEndpoint(
                .get, "/icons/{digest}", group: "icon",
                [
                    HarborParameter("digest", .string)
                ])
        case .listImmuRules:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/immutabletagrules", group: "immutable",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                ])
        case .createImmuRule:
            HarborEndpoint(
                .post, "/projects/{project_name_or_id}/immutabletagrules", group: "immutable",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .deleteImmuRule:
            HarborEndpoint(
                .delete, "/projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id}", group: "immutable",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("immutable_rule_id", .integer),
                ])
        case .updateImmuRule:
            HarborEndpoint(
                .put, "/projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id}", group: "immutable",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("immutable_rule_id", .integer),
                ])
        case .stopRunningJob:
            HarborEndpoint(
                .put, "/jobservice/jobs/{job_id}", group: "jobservice",
                [
                    HarborParameter("job_id", .string)
                ])
        case .actionGetJobLog:
            HarborEndpoint(
                .get, "/jobservice/jobs/{job_id}/log", group: "jobservice",
                [
                    HarborParameter("job_id", .string)
                ], isText: true)
        case .getWorkerPools:
            HarborEndpoint(
                .get, "/jobservice/pools", group: "jobservice",
                [])
        case .getWorkers:
            HarborEndpoint(
                .get, "/jobservice/pools/{pool_id}/workers", group: "jobservice",
                [
                    HarborParameter("pool_id", .string)
                ])
        case .listJobQueues:
            HarborEndpoint(
                .get, "/jobservice/queues", group: "jobservice",
                [])
        case .actionPendingJobs:
            HarborEndpoint(
                .put, "/jobservice/queues/{job_type}", group: "jobservice",
                [
                    HarborParameter("job_type", .string)
                ])
        case .listLabels:
            HarborEndpoint(
                .get, "/labels", group: "label",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("name", .string),
                    HarborParameter("scope", .string),
                    HarborParameter("project_id", .integer),
                ])
        case .createLabel:
            HarborEndpoint(
                .post, "/labels", group: "label",
                [])
        case .deleteLabel:
            HarborEndpoint(
                .delete, "/labels/{label_id}", group: "label",
                [
                    HarborParameter("label_id", .integer)
                ])
        case .getLabelByID:
            HarborEndpoint(
                .get, "/labels/{label_id}", group: "label",
                [
                    HarborParameter("label_id", .integer)
                ])
        case .updateLabel:
            HarborEndpoint(
                .put, "/labels/{label_id}", group: "label",
                [
                    HarborParameter("label_id", .integer)
                ])
        case .searchLdapGroup:
            HarborEndpoint(
                .get, "/ldap/groups/search", group: "Ldap",
                [
                    HarborParameter("groupname", .string),
                    HarborParameter("groupdn", .string),
                ])
        case .pingLdap:
            HarborEndpoint(
                .post, "/ldap/ping", group: "Ldap",
                [])
        case .importLdapUser:
            HarborEndpoint(
                .post, "/ldap/users/import", group: "Ldap",
                [])
        case .searchLdapUser:
            HarborEndpoint(
                .get, "/ldap/users/search", group: "Ldap",
                [
                    HarborParameter("username", .string)
                ])
        case .listProjectMembers:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/members", group: "member",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("entityname", .string),
                ])
        case .createProjectMember:
            HarborEndpoint(
                .post, "/projects/{project_name_or_id}/members", group: "member",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .deleteProjectMember:
            HarborEndpoint(
                .delete, "/projects/{project_name_or_id}/members/{mid}", group: "member",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("mid", .integer),
                ])
        case .getProjectMember:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/members/{mid}", group: "member",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("mid", .integer),
                ])
        case .updateProjectMember:
            HarborEndpoint(
                .put, "/projects/{project_name_or_id}/members/{mid}", group: "member",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("mid", .integer),
                ])
        case .pingOIDC:
            HarborEndpoint(
                .post, "/system/oidc/ping", group: "oidc",
                [])
        case .getPermissions:
            HarborEndpoint(
                .get, "/permissions", group: "permissions",
                [])
        case .getPing:
            HarborEndpoint(
                .get, "/ping", group: "ping",
                [], isText: true)
        case .listInstances:
            HarborEndpoint(
                .get, "/p2p/preheat/instances", group: "preheat",
                [
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                ])
        case .createInstance:
            HarborEndpoint(
                .post, "/p2p/preheat/instances", group: "preheat",
                [])
        case .pingInstances:
            HarborEndpoint(
                .post, "/p2p/preheat/instances/ping", group: "preheat",
                [])
        case .deleteInstance:
            HarborEndpoint(
                .delete, "/p2p/preheat/instances/{preheat_instance_name}", group: "preheat",
                [
                    HarborParameter("preheat_instance_name", .string)
                ])
        case .getInstance:
            HarborEndpoint(
                .get, "/p2p/preheat/instances/{preheat_instance_name}", group: "preheat",
                [
                    HarborParameter("preheat_instance_name", .string)
                ])
        case .updateInstance:
            HarborEndpoint(
                .put, "/p2p/preheat/instances/{preheat_instance_name}", group: "preheat",
                [
                    HarborParameter("preheat_instance_name", .string)
                ])
        case .listProviders:
            HarborEndpoint(
                .get, "/p2p/preheat/providers", group: "preheat",
                [])
        case .listPolicies:
            HarborEndpoint(
                .get, "/projects/{project_name}/preheat/policies", group: "preheat",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                ])
        case .createPolicy:
            HarborEndpoint(
                .post, "/projects/{project_name}/preheat/policies", group: "preheat",
                [
                    HarborParameter("project_name", .string)
                ])
        case .deletePolicy:
            HarborEndpoint(
                .delete, "/projects/{project_name}/preheat/policies/{preheat_policy_name}", group: "preheat",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("preheat_policy_name", .string),
                ])
        case .getPolicy:
            HarborEndpoint(
                .get, "/projects/{project_name}/preheat/policies/{preheat_policy_name}", group: "preheat",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("preheat_policy_name", .string),
                ])
        case .manualPreheat:
            HarborEndpoint(
                .post, "/projects/{project_name}/preheat/policies/{preheat_policy_name}", group: "preheat",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("preheat_policy_name", .string),
                ])
        case .updatePolicy:
            HarborEndpoint(
                .put, "/projects/{project_name}/preheat/policies/{preheat_policy_name}", group: "preheat",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("preheat_policy_name", .string),
                ])
        case .listExecutions:
            HarborEndpoint(
                .get, "/projects/{project_name}/preheat/policies/{preheat_policy_name}/executions", group: "preheat",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("preheat_policy_name", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                ])
        case .getExecution:
            HarborEndpoint(
                .get, "/projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}", group: "preheat",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("preheat_policy_name", .string),
                    HarborParameter("execution_id", .integer),
                ])
        case .stopExecution:
            HarborEndpoint(
                .patch, "/projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}", group: "preheat",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("preheat_policy_name", .string),
                    HarborParameter("execution_id", .integer),
                ])
        case .listTasks:
            HarborEndpoint(
                .get, "/projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}/tasks", group: "preheat",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("preheat_policy_name", .string),
                    HarborParameter("execution_id", .integer),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                ])
        case .getPreheatLog:
            HarborEndpoint(
                .get, "/projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}/tasks/{task_id}/logs",
                group: "preheat",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("preheat_policy_name", .string),
                    HarborParameter("execution_id", .integer),
                    HarborParameter("task_id", .integer),
                ], isText: true)
        case .listProvidersUnderProject:
            HarborEndpoint(
                .get, "/projects/{project_name}/preheat/providers", group: "preheat",
                [
                    HarborParameter("project_name", .string)
                ])
        case .listProjects:
            HarborEndpoint(
                .get, "/projects", group: "project",
                [
                    HarborParameter("q", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("sort", .string),
                    HarborParameter("name", .string),
                    HarborParameter("public", .boolean),
                    HarborParameter("owner", .string),
                    HarborParameter("with_detail", .boolean),
                ])
        case .headProject:
            HarborEndpoint(
                .head, "/projects", group: "project",
                [
                    HarborParameter("project_name", .string, isRequired: true)
                ])
        case .createProject:
            HarborEndpoint(
                .post, "/projects", group: "project",
                [])
        case .deleteProject:
            HarborEndpoint(
                .delete, "/projects/{project_name_or_id}", group: "project",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .getProject:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}", group: "project",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .updateProject:
            HarborEndpoint(
                .put, "/projects/{project_name_or_id}", group: "project",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .getProjectDeletable:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/_deletable", group: "project",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .listArtifactsOfProject:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/artifacts", group: "project",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("with_tag", .boolean),
                    HarborParameter("with_label", .boolean),
                    HarborParameter("with_scan_overview", .boolean),
                    HarborParameter("with_sbom_overview", .boolean),
                    HarborParameter("with_immutable_status", .boolean),
                    HarborParameter("with_accessory", .boolean),
                    HarborParameter("with_inherited_accessory", .boolean),
                    HarborParameter("latest_in_repository", .boolean),
                ])
        case .getScannerOfProject:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/scanner", group: "project",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .setScannerOfProject:
            HarborEndpoint(
                .put, "/projects/{project_name_or_id}/scanner", group: "project",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .listScannerCandidatesOfProject:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/scanner/candidates", group: "project",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .getProjectSummary:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/summary", group: "project",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .getLogExts:
            HarborEndpoint(
                .get, "/projects/{project_name}/auditlog-exts", group: "project",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .getLogs:
            HarborEndpoint(
                .get, "/projects/{project_name}/logs", group: "project",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .listProjectMetadatas:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/metadatas/", group: "projectMetadata",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .addProjectMetadatas:
            HarborEndpoint(
                .post, "/projects/{project_name_or_id}/metadatas/", group: "projectMetadata",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .deleteProjectMetadata:
            HarborEndpoint(
                .delete, "/projects/{project_name_or_id}/metadatas/{meta_name}", group: "projectMetadata",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("meta_name", .string),
                ])
        case .getProjectMetadata:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/metadatas/{meta_name}", group: "projectMetadata",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("meta_name", .string),
                ])
        case .updateProjectMetadata:
            HarborEndpoint(
                .put, "/projects/{project_name_or_id}/metadatas/{meta_name}", group: "projectMetadata",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("meta_name", .string),
                ])
        case .getPurgeHistory:
            HarborEndpoint(
                .get, "/system/purgeaudit", group: "purge",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .getPurgeSchedule:
            HarborEndpoint(
                .get, "/system/purgeaudit/schedule", group: "purge",
                [])
        case .createPurgeSchedule:
            HarborEndpoint(
                .post, "/system/purgeaudit/schedule", group: "purge",
                [])
        case .updatePurgeSchedule:
            HarborEndpoint(
                .put, "/system/purgeaudit/schedule", group: "purge",
                [])
        case .getPurgeJob:
            HarborEndpoint(
                .get, "/system/purgeaudit/{purge_id}", group: "purge",
                [
                    HarborParameter("purge_id", .integer)
                ])
        case .stopPurge:
            HarborEndpoint(
                .put, "/system/purgeaudit/{purge_id}", group: "purge",
                [
                    HarborParameter("purge_id", .integer)
                ])
        case .getPurgeJobLog:
            HarborEndpoint(
                .get, "/system/purgeaudit/{purge_id}/log", group: "purge",
                [
                    HarborParameter("purge_id", .integer)
                ], isText: true)
        case .listQuotas:
            HarborEndpoint(
                .get, "/quotas", group: "quota",
                [
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("reference", .string),
                    HarborParameter("reference_id", .string),
                    HarborParameter("sort", .string),
                ])
        case .getQuota:
            HarborEndpoint(
                .get, "/quotas/{id}", group: "quota",
                [
                    HarborParameter("id", .integer)
                ])
        case .updateQuota:
            HarborEndpoint(
                .put, "/quotas/{id}", group: "quota",
                [
                    HarborParameter("id", .integer)
                ])
        case .listRegistries:
            HarborEndpoint(
                .get, "/registries", group: "registry",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("name", .string),
                ])
        case .createRegistry:
            HarborEndpoint(
                .post, "/registries", group: "registry",
                [])
        case .pingRegistry:
            HarborEndpoint(
                .post, "/registries/ping", group: "registry",
                [])
        case .deleteRegistry:
            HarborEndpoint(
                .delete, "/registries/{id}", group: "registry",
                [
                    HarborParameter("id", .integer)
                ])
        case .getRegistry:
            HarborEndpoint(
                .get, "/registries/{id}", group: "registry",
                [
                    HarborParameter("id", .integer)
                ])
        case .updateRegistry:
            HarborEndpoint(
                .put, "/registries/{id}", group: "registry",
                [
                    HarborParameter("id", .integer)
                ])
        case .getRegistryInfo:
            HarborEndpoint(
                .get, "/registries/{id}/info", group: "registry",
                [
                    HarborParameter("id", .integer)
                ])
        case .listRegistryProviderInfos:
            HarborEndpoint(
                .get, "/replication/adapterinfos", group: "registry",
                [])
        case .listRegistryProviderTypes:
            HarborEndpoint(
                .get, "/replication/adapters", group: "registry",
                [])
        case .listReplicationExecutions:
            HarborEndpoint(
                .get, "/replication/executions", group: "replication",
                [
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("policy_id", .integer),
                    HarborParameter("status", .string),
                    HarborParameter("trigger", .string),
                ])
        case .startReplication:
            HarborEndpoint(
                .post, "/replication/executions", group: "replication",
                [])
        case .getReplicationExecution:
            HarborEndpoint(
                .get, "/replication/executions/{id}", group: "replication",
                [
                    HarborParameter("id", .integer)
                ])
        case .stopReplication:
            HarborEndpoint(
                .put, "/replication/executions/{id}", group: "replication",
                [
                    HarborParameter("id", .integer)
                ])
        case .listReplicationTasks:
            HarborEndpoint(
                .get, "/replication/executions/{id}/tasks", group: "replication",
                [
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("id", .integer),
                    HarborParameter("status", .string),
                    HarborParameter("resource_type", .string),
                ])
        case .getReplicationLog:
            HarborEndpoint(
                .get, "/replication/executions/{id}/tasks/{task_id}/log", group: "replication",
                [
                    HarborParameter("id", .integer),
                    HarborParameter("task_id", .integer),
                ], isText: true)
        case .listReplicationPolicies:
            HarborEndpoint(
                .get, "/replication/policies", group: "replication",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("name", .string),
                ])
        case .createReplicationPolicy:
            HarborEndpoint(
                .post, "/replication/policies", group: "replication",
                [])
        case .deleteReplicationPolicy:
            HarborEndpoint(
                .delete, "/replication/policies/{id}", group: "replication",
                [
                    HarborParameter("id", .integer)
                ])
        case .getReplicationPolicy:
            HarborEndpoint(
                .get, "/replication/policies/{id}", group: "replication",
                [
                    HarborParameter("id", .integer)
                ])
        case .updateReplicationPolicy:
            HarborEndpoint(
                .put, "/replication/policies/{id}", group: "replication",
                [
                    HarborParameter("id", .integer)
                ])
        case .listRepositories:
            HarborEndpoint(
                .get, "/projects/{project_name}/repositories", group: "repository",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .deleteRepository:
            HarborEndpoint(
                .delete, "/projects/{project_name}/repositories/{repository_name}", group: "repository",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                ])
        case .getRepository:
            HarborEndpoint(
                .get, "/projects/{project_name}/repositories/{repository_name}", group: "repository",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                ])
        case .updateRepository:
            HarborEndpoint(
                .put, "/projects/{project_name}/repositories/{repository_name}", group: "repository",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                ])
        case .listAllRepositories:
            HarborEndpoint(
                .get, "/repositories", group: "repository",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .createRetention:
            HarborEndpoint(
                .post, "/retentions", group: "Retention",
                [])
        case .getRentenitionMetadata:
            HarborEndpoint(
                .get, "/retentions/metadatas", group: "Retention",
                [])
        case .deleteRetention:
            HarborEndpoint(
                .delete, "/retentions/{id}", group: "Retention",
                [
                    HarborParameter("id", .integer)
                ])
        case .getRetention:
            HarborEndpoint(
                .get, "/retentions/{id}", group: "Retention",
                [
                    HarborParameter("id", .integer)
                ])
        case .updateRetention:
            HarborEndpoint(
                .put, "/retentions/{id}", group: "Retention",
                [
                    HarborParameter("id", .integer)
                ])
        case .listRetentionExecutions:
            HarborEndpoint(
                .get, "/retentions/{id}/executions", group: "Retention",
                [
                    HarborParameter("id", .integer),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer),
                ])
        case .triggerRetentionExecution:
            HarborEndpoint(
                .post, "/retentions/{id}/executions", group: "Retention",
                [
                    HarborParameter("id", .integer)
                ], isText: true)
        case .operateRetentionExecution:
            HarborEndpoint(
                .patch, "/retentions/{id}/executions/{eid}", group: "Retention",
                [
                    HarborParameter("id", .integer),
                    HarborParameter("eid", .integer),
                ])
        case .listRetentionTasks:
            HarborEndpoint(
                .get, "/retentions/{id}/executions/{eid}/tasks", group: "Retention",
                [
                    HarborParameter("id", .integer),
                    HarborParameter("eid", .integer),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer),
                ])
        case .getRetentionTaskLog:
            HarborEndpoint(
                .get, "/retentions/{id}/executions/{eid}/tasks/{tid}", group: "Retention",
                [
                    HarborParameter("id", .integer),
                    HarborParameter("eid", .integer),
                    HarborParameter("tid", .integer),
                ], isText: true)
        case .listRobot:
            HarborEndpoint(
                .get, "/robots", group: "robot",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .createRobot:
            HarborEndpoint(
                .post, "/robots", group: "robot",
                [])
        case .deleteRobot:
            HarborEndpoint(
                .delete, "/robots/{robot_id}", group: "robot",
                [
                    HarborParameter("robot_id", .integer)
                ])
        case .getRobotByID:
            HarborEndpoint(
                .get, "/robots/{robot_id}", group: "robot",
                [
                    HarborParameter("robot_id", .integer)
                ])
        case .refreshSec:
            HarborEndpoint(
                .patch, "/robots/{robot_id}", group: "robot",
                [
                    HarborParameter("robot_id", .integer)
                ])
        case .updateRobot:
            HarborEndpoint(
                .put, "/robots/{robot_id}", group: "robot",
                [
                    HarborParameter("robot_id", .integer)
                ])
        case .scanArtifact:
            HarborEndpoint(
                .post, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan", group: "scan",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                ])
        case .stopScanArtifact:
            HarborEndpoint(
                .post, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan/stop", group: "scan",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                ])
        case .getReportLog:
            HarborEndpoint(
                .get, "/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan/{report_id}/log", group: "scan",
                [
                    HarborParameter("project_name", .string),
                    HarborParameter("repository_name", .string),
                    HarborParameter("reference", .string),
                    HarborParameter("report_id", .string),
                ], isText: true)
        case .exportScanData:
            HarborEndpoint(
                .post, "/export/cve", group: "scan data export",
                [])
        case .downloadScanData:
            HarborEndpoint(
                .get, "/export/cve/download/{execution_id}", group: "scan data export",
                [
                    HarborParameter("execution_id", .integer),
                    HarborParameter("format", .string),
                ])
        case .getScanDataExportExecution:
            HarborEndpoint(
                .get, "/export/cve/execution/{execution_id}", group: "scan data export",
                [
                    HarborParameter("execution_id", .integer)
                ])
        case .getScanDataExportExecutionList:
            HarborEndpoint(
                .get, "/export/cve/executions", group: "scan data export",
                [])
        case .getLatestScanAllMetrics:
            HarborEndpoint(
                .get, "/scans/all/metrics", group: "scanAll",
                [])
        case .getLatestScheduledScanAllMetrics:
            HarborEndpoint(
                .get, "/scans/schedule/metrics", group: "scanAll",
                [])
        case .getScanAllSchedule:
            HarborEndpoint(
                .get, "/system/scanAll/schedule", group: "scanAll",
                [])
        case .createScanAllSchedule:
            HarborEndpoint(
                .post, "/system/scanAll/schedule", group: "scanAll",
                [])
        case .updateScanAllSchedule:
            HarborEndpoint(
                .put, "/system/scanAll/schedule", group: "scanAll",
                [])
        case .stopScanAll:
            HarborEndpoint(
                .post, "/system/scanAll/stop", group: "scanAll",
                [])
        case .listScanners:
            HarborEndpoint(
                .get, "/scanners", group: "scanner",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .createScanner:
            HarborEndpoint(
                .post, "/scanners", group: "scanner",
                [])
        case .pingScanner:
            HarborEndpoint(
                .post, "/scanners/ping", group: "scanner",
                [])
        case .deleteScanner:
            HarborEndpoint(
                .delete, "/scanners/{registration_id}", group: "scanner",
                [
                    HarborParameter("registration_id", .string)
                ])
        case .getScanner:
            HarborEndpoint(
                .get, "/scanners/{registration_id}", group: "scanner",
                [
                    HarborParameter("registration_id", .string)
                ])
        case .setScannerAsDefault:
            HarborEndpoint(
                .patch, "/scanners/{registration_id}", group: "scanner",
                [
                    HarborParameter("registration_id", .string)
                ])
        case .updateScanner:
            HarborEndpoint(
                .put, "/scanners/{registration_id}", group: "scanner",
                [
                    HarborParameter("registration_id", .string)
                ])
        case .getScannerMetadata:
            HarborEndpoint(
                .get, "/scanners/{registration_id}/metadata", group: "scanner",
                [
                    HarborParameter("registration_id", .string)
                ])
        case .listSchedules:
            HarborEndpoint(
                .get, "/schedules", group: "schedule",
                [
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .getSchedulePaused:
            HarborEndpoint(
                .get, "/schedules/{job_type}/paused", group: "schedule",
                [
                    HarborParameter("job_type", .string)
                ])
        case .search:
            HarborEndpoint(
                .get, "/search", group: "search",
                [
                    HarborParameter("q", .string, isRequired: true)
                ])
        case .getSecuritySummary:
            HarborEndpoint(
                .get, "/security/summary", group: "securityhub",
                [
                    HarborParameter("with_dangerous_cve", .boolean),
                    HarborParameter("with_dangerous_artifact", .boolean),
                ])
        case .listVulnerabilities:
            HarborEndpoint(
                .get, "/security/vul", group: "securityhub",
                [
                    HarborParameter("q", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("tune_count", .boolean),
                    HarborParameter("with_tag", .boolean),
                ])
        case .getStatistic:
            HarborEndpoint(
                .get, "/statistics", group: "statistic",
                [])
        case .getSystemCVEAllowlist:
            HarborEndpoint(
                .get, "/system/CVEAllowlist", group: "SystemCVEAllowlist",
                [])
        case .putSystemCVEAllowlist:
            HarborEndpoint(
                .put, "/system/CVEAllowlist", group: "SystemCVEAllowlist",
                [])
        case .getSystemInfo:
            HarborEndpoint(
                .get, "/systeminfo", group: "systeminfo",
                [])
        case .getCert:
            HarborEndpoint(
                .get, "/systeminfo/getcert", group: "systeminfo",
                [])
        case .getVolumes:
            HarborEndpoint(
                .get, "/systeminfo/volumes", group: "systeminfo",
                [])
        case .listUsers:
            HarborEndpoint(
                .get, "/users", group: "user",
                [
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .createUser:
            HarborEndpoint(
                .post, "/users", group: "user",
                [])
        case .getCurrentUserInfo:
            HarborEndpoint(
                .get, "/users/current", group: "user",
                [])
        case .getCurrentUserPermissions:
            HarborEndpoint(
                .get, "/users/current/permissions", group: "user",
                [
                    HarborParameter("scope", .string),
                    HarborParameter("relative", .boolean),
                ])
        case .searchUsers:
            HarborEndpoint(
                .get, "/users/search", group: "user",
                [
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("username", .string, isRequired: true),
                ])
        case .deleteUser:
            HarborEndpoint(
                .delete, "/users/{user_id}", group: "user",
                [
                    HarborParameter("user_id", .integer)
                ])
        case .getUser:
            HarborEndpoint(
                .get, "/users/{user_id}", group: "user",
                [
                    HarborParameter("user_id", .integer)
                ])
        case .updateUserProfile:
            HarborEndpoint(
                .put, "/users/{user_id}", group: "user",
                [
                    HarborParameter("user_id", .integer)
                ])
        case .getUserAuditor:
            HarborEndpoint(
                .get, "/users/{user_id}/auditor", group: "user",
                [
                    HarborParameter("user_id", .integer)
                ])
        case .setUserAuditor:
            HarborEndpoint(
                .put, "/users/{user_id}/auditor", group: "user",
                [
                    HarborParameter("user_id", .integer)
                ])
        case .setCliSecret:
            HarborEndpoint(
                .put, "/users/{user_id}/cli_secret", group: "user",
                [
                    HarborParameter("user_id", .integer)
                ])
        case .updateUserPassword:
            HarborEndpoint(
                .put, "/users/{user_id}/password", group: "user",
                [
                    HarborParameter("user_id", .integer)
                ])
        case .setUserSysAdmin:
            HarborEndpoint(
                .put, "/users/{user_id}/sysadmin", group: "user",
                [
                    HarborParameter("user_id", .integer)
                ])
        case .listUserGroups:
            HarborEndpoint(
                .get, "/usergroups", group: "usergroup",
                [
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("ldap_group_dn", .string),
                    HarborParameter("group_name", .string),
                ])
        case .createUserGroup:
            HarborEndpoint(
                .post, "/usergroups", group: "usergroup",
                [])
        case .searchUserGroups:
            HarborEndpoint(
                .get, "/usergroups/search", group: "usergroup",
                [
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("groupname", .string, isRequired: true),
                ])
        case .deleteUserGroup:
            HarborEndpoint(
                .delete, "/usergroups/{group_id}", group: "usergroup",
                [
                    HarborParameter("group_id", .integer)
                ])
        case .getUserGroup:
            HarborEndpoint(
                .get, "/usergroups/{group_id}", group: "usergroup",
                [
                    HarborParameter("group_id", .integer)
                ])
        case .updateUserGroup:
            HarborEndpoint(
                .put, "/usergroups/{group_id}", group: "usergroup",
                [
                    HarborParameter("group_id", .integer)
                ])
        case .getSupportedEventTypes:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/webhook/events", group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .lastTrigger:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/webhook/lasttrigger", group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .listWebhookPoliciesOfProject:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/webhook/policies", group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("q", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                ])
        case .createWebhookPolicyOfProject:
            HarborEndpoint(
                .post, "/projects/{project_name_or_id}/webhook/policies", group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string)
                ])
        case .deleteWebhookPolicyOfProject:
            HarborEndpoint(
                .delete, "/projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}", group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("webhook_policy_id", .integer),
                ])
        case .getWebhookPolicyOfProject:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}", group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("webhook_policy_id", .integer),
                ])
        case .updateWebhookPolicyOfProject:
            HarborEndpoint(
                .put, "/projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}", group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("webhook_policy_id", .integer),
                ])
        case .listExecutionsOfWebhookPolicy:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions", group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("webhook_policy_id", .integer),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                ])
        case .redeliverWebhookExecution:
            HarborEndpoint(
                .post, "/projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}", group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("webhook_policy_id", .integer),
                    HarborParameter("execution_id", .integer),
                ])
        case .listTasksOfWebhookExecution:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}/tasks",
                group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("webhook_policy_id", .integer),
                    HarborParameter("execution_id", .integer),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                ])
        case .getLogsOfWebhookTask:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}/tasks/{task_id}/log",
                group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("webhook_policy_id", .integer),
                    HarborParameter("execution_id", .integer),
                    HarborParameter("task_id", .integer),
                ], isText: true)
        case .testWebhookPolicy:
            HarborEndpoint(
                .post, "/projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/test", group: "webhook",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("webhook_policy_id", .integer),
                ])
        case .listWebhookJobs:
            HarborEndpoint(
                .get, "/projects/{project_name_or_id}/webhook/jobs", group: "webhookjob",
                [
                    HarborParameter("project_name_or_id", .string),
                    HarborParameter("q", .string),
                    HarborParameter("sort", .string),
                    HarborParameter("page", .integer),
                    HarborParameter("page_size", .integer, maximum: 100),
                    HarborParameter("policy_id", .integer, isRequired: true),
                    HarborParameter("status", .string),
                ])
        }
    }
}
