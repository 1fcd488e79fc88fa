// Made by scripts/harbor-api from the description of Harbor's API. Not edited by hand.

extension Harbor {
    struct Metadata: Codable, Sendable, Equatable {
        var id: String?
        var name: String?
        var icon: String?
        var maintainers: [String]?
        var version: String?
        var source: String?

        enum CodingKeys: String, CodingKey {
            case id
            case name
            case icon
            case maintainers
            case version
            case source
        }
    }

    struct Metrics: Codable, Sendable, Equatable, HarborModel {
        var taskCount: Int64?
        var successTaskCount: Int64?
        var errorTaskCount: Int64?
        var pendingTaskCount: Int64?
        var runningTaskCount: Int64?
        var scheduledTaskCount: Int64?
        var stoppedTaskCount: Int64?

        enum CodingKeys: String, CodingKey {
            case taskCount = "task_count"
            case successTaskCount = "success_task_count"
            case errorTaskCount = "error_task_count"
            case pendingTaskCount = "pending_task_count"
            case runningTaskCount = "running_task_count"
            case scheduledTaskCount = "scheduled_task_count"
            case stoppedTaskCount = "stopped_task_count"
        }

        static let fields: [HarborField] = [
            HarborField("task_count", .integer),
            HarborField("success_task_count", .integer),
            HarborField("error_task_count", .integer),
            HarborField("pending_task_count", .integer),
            HarborField("running_task_count", .integer),
            HarborField("scheduled_task_count", .integer),
            HarborField("stopped_task_count", .integer),
        ]
    }

    struct NativeReportSummary: Codable, Sendable, Equatable {
        var reportId: String?
        var scanStatus: String?
        var severity: String?
        var duration: Int64?
        var summary: VulnerabilitySummary?
        var startTime: HarborTime?
        var endTime: HarborTime?
        var completePercent: Int64?
        var scanner: Scanner?

        enum CodingKeys: String, CodingKey {
            case reportId = "report_id"
            case scanStatus = "scan_status"
            case severity
            case duration
            case summary
            case startTime = "start_time"
            case endTime = "end_time"
            case completePercent = "complete_percent"
            case scanner
        }
    }

    struct NewTag: Codable, Sendable, Equatable, HarborModel {
        var name: String?

        enum CodingKeys: String, CodingKey {
            case name
        }

        static let fields: [HarborField] = [
            HarborField("name", .string, isRequired: true)
        ]
    }

    struct OIDCCliSecretReq: Codable, Sendable, Equatable, HarborModel {
        var secret: String?

        enum CodingKeys: String, CodingKey {
            case secret
        }

        static let fields: [HarborField] = [
            HarborField("secret", .string)
        ]
    }

    struct OIDCUserInfo: Codable, Sendable, Equatable {
        var id: Int64?
        var userId: Int64?
        var subiss: String?
        var secret: String?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case userId = "user_id"
            case subiss
            case secret
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }
    }

    struct OverallHealthStatus: Codable, Sendable, Equatable {
        var status: String?
        var components: [ComponentHealthStatus]?

        enum CodingKeys: String, CodingKey {
            case status
            case components
        }
    }

    struct PasswordReq: Codable, Sendable, Equatable, HarborModel {
        var oldPassword: String?
        var newPassword: String?

        enum CodingKeys: String, CodingKey {
            case oldPassword = "old_password"
            case newPassword = "new_password"
        }

        static let fields: [HarborField] = [
            HarborField("old_password", .string),
            HarborField("new_password", .string),
        ]
    }

    struct PayloadFormat: Codable, Sendable, Equatable {
        var notifyType: String?
        var formats: [String]?

        enum CodingKeys: String, CodingKey {
            case notifyType = "notify_type"
            case formats
        }
    }

    struct Permission: Codable, Sendable, Equatable {
        var resource: String?
        var action: String?

        enum CodingKeys: String, CodingKey {
            case resource
            case action
        }
    }

    struct Permissions: Codable, Sendable, Equatable {
        var system: [Permission]?
        var project: [Permission]?

        enum CodingKeys: String, CodingKey {
            case system
            case project
        }
    }

    struct Platform: Codable, Sendable, Equatable {
        var architecture: String?
        var os: String?
        var osVersion: String?
        var osFeatures: [String]?
        var variant: String?

        enum CodingKeys: String, CodingKey {
            case architecture
            case os
            case osVersion = "'os.version'"
            case osFeatures = "'os.features'"
            case variant
        }
    }

    struct PreheatPolicy: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var name: String?
        var description: String?
        var projectId: Int64?
        var providerId: Int64?
        var providerName: String?
        var filters: String?
        var trigger: String?
        var enabled: Bool?
        var extraAttrs: String?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case name
            case description
            case projectId = "project_id"
            case providerId = "provider_id"
            case providerName = "provider_name"
            case filters
            case trigger
            case enabled
            case extraAttrs = "extra_attrs"
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("name", .string),
            HarborField("description", .string),
            HarborField("project_id", .integer),
            HarborField("provider_id", .integer),
            HarborField("provider_name", .string),
            HarborField("filters", .string),
            HarborField("trigger", .string),
            HarborField("enabled", .boolean),
            HarborField("extra_attrs", .string),
            HarborField("creation_time", .time),
            HarborField("update_time", .time),
        ]
    }

    struct Project: Codable, Sendable, Equatable {
        var projectId: Int64?
        var ownerId: Int64?
        var name: String?
        var registryId: Int64?
        var creationTime: HarborTime?
        var updateTime: HarborTime?
        var deleted: Bool?
        var ownerName: String?
        var togglable: Bool?
        var currentUserRoleId: Int64?
        var currentUserRoleIds: [Int64]?
        var repoCount: Int64?
        var metadata: ProjectMetadata?
        var cveAllowlist: CVEAllowlist?

        enum CodingKeys: String, CodingKey {
            case projectId = "project_id"
            case ownerId = "owner_id"
            case name
            case registryId = "registry_id"
            case creationTime = "creation_time"
            case updateTime = "update_time"
            case deleted
            case ownerName = "owner_name"
            case togglable
            case currentUserRoleId = "current_user_role_id"
            case currentUserRoleIds = "current_user_role_ids"
            case repoCount = "repo_count"
            case metadata
            case cveAllowlist = "cve_allowlist"
        }
    }

    struct ProjectDeletable: Codable, Sendable, Equatable {
        var deletable: Bool?
        var message: String?

        enum CodingKeys: String, CodingKey {
            case deletable
            case message
        }
    }

    struct ProjectMember: Codable, Sendable, Equatable, HarborModel {
        var roleId: Int64?
        var memberUser: UserEntity?
        var memberGroup: UserGroup?

        enum CodingKeys: String, CodingKey {
            case roleId = "role_id"
            case memberUser = "member_user"
            case memberGroup = "member_group"
        }

        static let fields: [HarborField] = [
            HarborField("role_id", .integer),
            HarborField("member_user", .model(UserEntity.self)),
            HarborField("member_group", .model(UserGroup.self)),
        ]
    }

    struct ProjectMemberEntity: Codable, Sendable, Equatable {
        var id: Int64?
        var projectId: Int64?
        var entityName: String?
        var roleName: String?
        var roleId: Int64?
        var entityId: Int64?
        var entityType: String?

        enum CodingKeys: String, CodingKey {
            case id
            case projectId = "project_id"
            case entityName = "entity_name"
            case roleName = "role_name"
            case roleId = "role_id"
            case entityId = "entity_id"
            case entityType = "entity_type"
        }
    }

    struct ProjectMetadata: Codable, Sendable, Equatable, HarborModel {
        var `public`: String?
        var enableContentTrust: String?
        var enableContentTrustCosign: String?
        var preventVul: String?
        var severity: String?
        var autoScan: String?
        var autoSbomGeneration: String?
        var reuseSysCveAllowlist: String?
        var retentionId: String?
        var proxySpeedKb: String?
        var maxUpstreamConn: String?
        var proxyCacheLocalOnNotFound: String?
        var proxyReferrerApi: String?
        var proxyCacheFilterPattern: String?
        var proxyCacheFilterKind: String?

        enum CodingKeys: String, CodingKey {
            case `public`
            case enableContentTrust = "enable_content_trust"
            case enableContentTrustCosign = "enable_content_trust_cosign"
            case preventVul = "prevent_vul"
            case severity
            case autoScan = "auto_scan"
            case autoSbomGeneration = "auto_sbom_generation"
            case reuseSysCveAllowlist = "reuse_sys_cve_allowlist"
            case retentionId = "retention_id"
            case proxySpeedKb = "proxy_speed_kb"
            case maxUpstreamConn = "max_upstream_conn"
            case proxyCacheLocalOnNotFound = "proxy_cache_local_on_not_found"
            case proxyReferrerApi = "proxy_referrer_api"
            case proxyCacheFilterPattern = "proxy_cache_filter_pattern"
            case proxyCacheFilterKind = "proxy_cache_filter_kind"
        }

        static let fields: [HarborField] = [
            HarborField("public", .string),
            HarborField("enable_content_trust", .string),
            HarborField("enable_content_trust_cosign", .string),
            HarborField("prevent_vul", .string),
            HarborField("severity", .string),
            HarborField("auto_scan", .string),
            HarborField("auto_sbom_generation", .string),
            HarborField("reuse_sys_cve_allowlist", .string),
            HarborField("retention_id", .string),
            HarborField("proxy_speed_kb", .string),
            HarborField("max_upstream_conn", .string),
            HarborField("proxy_cache_local_on_not_found", .string),
            HarborField("proxy_referrer_api", .string),
            HarborField("proxy_cache_filter_pattern", .string),
            HarborField("proxy_cache_filter_kind", .string),
        ]
    }

    struct ProjectReq: Codable, Sendable, Equatable, HarborModel {
        var projectName: String?
        var `public`: Bool?
        var metadata: ProjectMetadata?
        var cveAllowlist: CVEAllowlist?
        var storageLimit: Int64?
        var registryId: Int64?

        enum CodingKeys: String, CodingKey {
            case projectName = "project_name"
            case `public`
            case metadata
            case cveAllowlist = "cve_allowlist"
            case storageLimit = "storage_limit"
            case registryId = "registry_id"
        }

        static let fields: [HarborField] = [
            HarborField("project_name", .string, maximumLength: 255),
            HarborField("public", .boolean),
            HarborField("metadata", .model(ProjectMetadata.self)),
            HarborField("cve_allowlist", .model(CVEAllowlist.self)),
            HarborField("storage_limit", .integer),
            HarborField("registry_id", .integer),
        ]
    }

    struct ProjectScanner: Codable, Sendable, Equatable, HarborModel {
        var uuid: String?

        enum CodingKeys: String, CodingKey {
            case uuid
        }

        static let fields: [HarborField] = [
            HarborField("uuid", .string, isRequired: true)
        ]
    }

    struct ProjectSummary: Codable, Sendable, Equatable {
        var repoCount: Int64?
        var projectAdminCount: Int64?
        var maintainerCount: Int64?
        var developerCount: Int64?
        var guestCount: Int64?
        var limitedGuestCount: Int64?
        var quota: ProjectSummaryQuota?
        var registry: Registry?

        enum CodingKeys: String, CodingKey {
            case repoCount = "repo_count"
            case projectAdminCount = "project_admin_count"
            case maintainerCount = "maintainer_count"
            case developerCount = "developer_count"
            case guestCount = "guest_count"
            case limitedGuestCount = "limited_guest_count"
            case quota
            case registry
        }
    }

    struct ProjectSummaryQuota: Codable, Sendable, Equatable {
        var hard: [String: Int64]?
        var used: [String: Int64]?

        enum CodingKeys: String, CodingKey {
            case hard
            case used
        }
    }

    struct ProviderUnderProject: Codable, Sendable, Equatable {
        var id: Int64?
        var provider: String?
        var enabled: Bool?
        var `default`: Bool?

        enum CodingKeys: String, CodingKey {
            case id
            case provider
            case enabled
            case `default`
        }
    }

    struct Quota: Codable, Sendable, Equatable {
        var id: Int64?
        var ref: JSONValue?
        var hard: [String: Int64]?
        var used: [String: Int64]?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case ref
            case hard
            case used
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }
    }

    struct QuotaUpdateReq: Codable, Sendable, Equatable, HarborModel {
        var hard: [String: Int64]?

        enum CodingKeys: String, CodingKey {
            case hard
        }

        static let fields: [HarborField] = [
            HarborField("hard", .map(.integer))
        ]
    }

    struct Reference: Codable, Sendable, Equatable {
        var parentId: Int64?
        var childId: Int64?
        var childDigest: String?
        var platform: Platform?
        var annotations: [String: String]?
        var urls: [String]?

        enum CodingKeys: String, CodingKey {
            case parentId = "parent_id"
            case childId = "child_id"
            case childDigest = "child_digest"
            case platform
            case annotations
            case urls
        }
    }

    struct Registry: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var url: String?
        var name: String?
        var credential: RegistryCredential?
        var type: String?
        var insecure: Bool?
        var caCertificate: String?
        var description: String?
        var status: String?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case url
            case name
            case credential
            case type
            case insecure
            case caCertificate = "ca_certificate"
            case description
            case status
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("url", .string),
            HarborField("name", .string),
            HarborField("credential", .model(RegistryCredential.self)),
            HarborField("type", .string),
            HarborField("insecure", .boolean),
            HarborField("ca_certificate", .string),
            HarborField("description", .string),
            HarborField("status", .string),
            HarborField("creation_time", .time),
            HarborField("update_time", .time),
        ]
    }

    struct RegistryCredential: Codable, Sendable, Equatable, HarborModel {
        var type: String?
        var accessKey: String?
        var accessSecret: String?

        enum CodingKeys: String, CodingKey {
            case type
            case accessKey = "access_key"
            case accessSecret = "access_secret"
        }

        static let fields: [HarborField] = [
            HarborField("type", .string),
            HarborField("access_key", .string),
            HarborField("access_secret", .string),
        ]
    }

    struct RegistryEndpoint: Codable, Sendable, Equatable {
        var key: String?
        var value: String?

        enum CodingKeys: String, CodingKey {
            case key
            case value
        }
    }

    struct RegistryInfo: Codable, Sendable, Equatable {
        var type: String?
        var description: String?
        var supportedResourceFilters: [FilterStyle]?
        var supportedTriggers: [String]?
        var supportedCopyByChunk: Bool?

        enum CodingKeys: String, CodingKey {
            case type
            case description
            case supportedResourceFilters = "supported_resource_filters"
            case supportedTriggers = "supported_triggers"
            case supportedCopyByChunk = "supported_copy_by_chunk"
        }
    }

    struct RegistryPing: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var type: String?
        var url: String?
        var credentialType: String?
        var accessKey: String?
        var accessSecret: String?
        var insecure: Bool?
        var caCertificate: String?

        enum CodingKeys: String, CodingKey {
            case id
            case type
            case url
            case credentialType = "credential_type"
            case accessKey = "access_key"
            case accessSecret = "access_secret"
            case insecure
            case caCertificate = "ca_certificate"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("type", .string),
            HarborField("url", .string),
            HarborField("credential_type", .string),
            HarborField("access_key", .string),
            HarborField("access_secret", .string),
            HarborField("insecure", .boolean),
            HarborField("ca_certificate", .string),
        ]
    }

    struct RegistryProviderCredentialPattern: Codable, Sendable, Equatable {
        var accessKeyType: String?
        var accessKeyData: String?
        var accessSecretType: String?
        var accessSecretData: String?

        enum CodingKeys: String, CodingKey {
            case accessKeyType = "access_key_type"
            case accessKeyData = "access_key_data"
            case accessSecretType = "access_secret_type"
            case accessSecretData = "access_secret_data"
        }
    }

    struct RegistryProviderEndpointPattern: Codable, Sendable, Equatable {
        var endpointType: String?
        var endpoints: [RegistryEndpoint]?

        enum CodingKeys: String, CodingKey {
            case endpointType = "endpoint_type"
            case endpoints
        }
    }

    struct RegistryProviderInfo: Codable, Sendable, Equatable {
        var endpointPattern: RegistryProviderEndpointPattern?
        var credentialPattern: RegistryProviderCredentialPattern?

        enum CodingKeys: String, CodingKey {
            case endpointPattern = "endpoint_pattern"
            case credentialPattern = "credential_pattern"
        }
    }

    struct RegistryUpdate: Codable, Sendable, Equatable, HarborModel {
        var name: String?
        var description: String?
        var url: String?
        var credentialType: String?
        var accessKey: String?
        var accessSecret: String?
        var insecure: Bool?
        var caCertificate: String?

        enum CodingKeys: String, CodingKey {
            case name
            case description
            case url
            case credentialType = "credential_type"
            case accessKey = "access_key"
            case accessSecret = "access_secret"
            case insecure
            case caCertificate = "ca_certificate"
        }

        static let fields: [HarborField] = [
            HarborField("name", .string),
            HarborField("description", .string),
            HarborField("url", .string),
            HarborField("credential_type", .string),
            HarborField("access_key", .string),
            HarborField("access_secret", .string),
            HarborField("insecure", .boolean),
            HarborField("ca_certificate", .string),
        ]
    }

    struct ReplicationExecution: Codable, Sendable, Equatable {
        var id: Int64?
        var policyId: Int64?
        var status: String?
        var trigger: String?
        var startTime: HarborTime?
        var endTime: HarborTime?
        var statusText: String?
        var total: Int64?
        var failed: Int64?
        var succeed: Int64?
        var inProgress: Int64?
        var stopped: Int64?

        enum CodingKeys: String, CodingKey {
            case id
            case policyId = "policy_id"
            case status
            case trigger
            case startTime = "start_time"
            case endTime = "end_time"
            case statusText = "status_text"
            case total
            case failed
            case succeed
            case inProgress = "in_progress"
            case stopped
        }
    }

    struct ReplicationFilter: Codable, Sendable, Equatable, HarborModel {
        var type: String?
        var value: JSONValue?
        var decoration: String?

        enum CodingKeys: String, CodingKey {
            case type
            case value
            case decoration
        }

        static let fields: [HarborField] = [
            HarborField("type", .string),
            HarborField("value", .any),
            HarborField("decoration", .string),
        ]
    }

    struct ReplicationPolicy: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var name: String?
        var description: String?
        var srcRegistry: Registry?
        var destRegistry: Registry?
        var destNamespace: String?
        var destNamespaceReplaceCount: Int64?
        var trigger: ReplicationTrigger?
        var filters: [ReplicationFilter]?
        var replicateDeletion: Bool?
        var deletion: Bool?
        var override: Bool?
        var enabled: Bool?
        var creationTime: HarborTime?
        var updateTime: HarborTime?
        var speed: Int64?
        var copyByChunk: Bool?
        var singleActiveReplication: Bool?

        enum CodingKeys: String, CodingKey {
            case id
            case name
            case description
            case srcRegistry = "src_registry"
            case destRegistry = "dest_registry"
            case destNamespace = "dest_namespace"
            case destNamespaceReplaceCount = "dest_namespace_replace_count"
            case trigger
            case filters
            case replicateDeletion = "replicate_deletion"
            case deletion
            case override
            case enabled
            case creationTime = "creation_time"
            case updateTime = "update_time"
            case speed
            case copyByChunk = "copy_by_chunk"
            case singleActiveReplication = "single_active_replication"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("name", .string),
            HarborField("description", .string),
            HarborField("src_registry", .model(Registry.self)),
            HarborField("dest_registry", .model(Registry.self)),
            HarborField("dest_namespace", .string),
            HarborField("dest_namespace_replace_count", .integer),
            HarborField("trigger", .model(ReplicationTrigger.self)),
            HarborField("filters", .array(.model(ReplicationFilter.self))),
            HarborField("replicate_deletion", .boolean),
            HarborField("deletion", .boolean),
            HarborField("override", .boolean),
            HarborField("enabled", .boolean),
            HarborField("creation_time", .time),
            HarborField("update_time", .time),
            HarborField("speed", .integer),
            HarborField("copy_by_chunk", .boolean),
            HarborField("single_active_replication", .boolean),
        ]
    }

    struct ReplicationTask: Codable, Sendable, Equatable {
        var id: Int64?
        var executionId: Int64?
        var status: String?
        var jobId: String?
        var operation: String?
        var resourceType: String?
        var srcResource: String?
        var dstResource: String?
        var startTime: HarborTime?
        var endTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case executionId = "execution_id"
            case status
            case jobId = "job_id"
            case operation
            case resourceType = "resource_type"
            case srcResource = "src_resource"
            case dstResource = "dst_resource"
            case startTime = "start_time"
            case endTime = "end_time"
        }
    }

    struct ReplicationTrigger: Codable, Sendable, Equatable, HarborModel {
        var type: String?
        var triggerSettings: ReplicationTriggerSettings?

        enum CodingKeys: String, CodingKey {
            case type
            case triggerSettings = "trigger_settings"
        }

        static let fields: [HarborField] = [
            HarborField("type", .string),
            HarborField("trigger_settings", .model(ReplicationTriggerSettings.self)),
        ]
    }
}
