// Made by scripts/harbor-api from the description of Harbor's API. Not edited by hand.

extension Harbor {
    struct SecuritySummary: Codable, Sendable, Equatable {
        var criticalCnt: Int64?
        var highCnt: Int64?
        var mediumCnt: Int64?
        var lowCnt: Int64?
        var noneCnt: Int64?
        var unknownCnt: Int64?
        var totalVuls: Int64?
        var scannedCnt: Int64?
        var totalArtifact: Int64?
        var fixableCnt: Int64?
        var dangerousCves: [DangerousCVE]?
        var dangerousArtifacts: [DangerousArtifact]?

        enum CodingKeys: String, CodingKey {
            case criticalCnt = "critical_cnt"
            case highCnt = "high_cnt"
            case mediumCnt = "medium_cnt"
            case lowCnt = "low_cnt"
            case noneCnt = "none_cnt"
            case unknownCnt = "unknown_cnt"
            case totalVuls = "total_vuls"
            case scannedCnt = "scanned_cnt"
            case totalArtifact = "total_artifact"
            case fixableCnt = "fixable_cnt"
            case dangerousCves = "dangerous_cves"
            case dangerousArtifacts = "dangerous_artifacts"
        }
    }

    struct StartReplicationExecution: Codable, Sendable, Equatable, HarborModel {
        var policyId: Int64?

        enum CodingKeys: String, CodingKey {
            case policyId = "policy_id"
        }

        static let fields: [HarborField] = [
            HarborField("policy_id", .integer)
        ]
    }

    struct Statistic: Codable, Sendable, Equatable {
        var privateProjectCount: Int64?
        var privateRepoCount: Int64?
        var publicProjectCount: Int64?
        var publicRepoCount: Int64?
        var totalProjectCount: Int64?
        var totalRepoCount: Int64?
        var totalStorageConsumption: Int64?

        enum CodingKeys: String, CodingKey {
            case privateProjectCount = "private_project_count"
            case privateRepoCount = "private_repo_count"
            case publicProjectCount = "public_project_count"
            case publicRepoCount = "public_repo_count"
            case totalProjectCount = "total_project_count"
            case totalRepoCount = "total_repo_count"
            case totalStorageConsumption = "total_storage_consumption"
        }
    }

    struct Stats: Codable, Sendable, Equatable {
        var total: Int64?
        var completed: Int64?
        var metrics: [String: Int64]?
        var ongoing: Bool?
        var trigger: String?

        enum CodingKeys: String, CodingKey {
            case total
            case completed
            case metrics
            case ongoing
            case trigger
        }
    }

    struct Storage: Codable, Sendable, Equatable {
        var total: Int64?
        var free: Int64?

        enum CodingKeys: String, CodingKey {
            case total
            case free
        }
    }

    struct StringConfigItem: Codable, Sendable, Equatable {
        var value: String?
        var editable: Bool?

        enum CodingKeys: String, CodingKey {
            case value
            case editable
        }
    }

    struct SupportedWebhookEventTypes: Codable, Sendable, Equatable {
        var eventType: [String]?
        var notifyType: [String]?
        var payloadFormats: [PayloadFormat]?

        enum CodingKeys: String, CodingKey {
            case eventType = "event_type"
            case notifyType = "notify_type"
            case payloadFormats = "payload_formats"
        }
    }

    struct SystemInfo: Codable, Sendable, Equatable {
        var storage: [Storage]?

        enum CodingKeys: String, CodingKey {
            case storage
        }
    }

    struct Tag: Codable, Sendable, Equatable {
        var id: Int64?
        var repositoryId: Int64?
        var artifactId: Int64?
        var name: String?
        var pushTime: HarborTime?
        var pullTime: HarborTime?
        var immutable: Bool?

        enum CodingKeys: String, CodingKey {
            case id
            case repositoryId = "repository_id"
            case artifactId = "artifact_id"
            case name
            case pushTime = "push_time"
            case pullTime = "pull_time"
            case immutable
        }
    }

    struct Task: Codable, Sendable, Equatable {
        var id: Int64?
        var executionId: Int64?
        var status: String?
        var statusMessage: String?
        var runCount: Int64?
        var extraAttrs: [String: JSONValue]?
        var creationTime: String?
        var updateTime: String?
        var startTime: String?
        var endTime: String?

        enum CodingKeys: String, CodingKey {
            case id
            case executionId = "execution_id"
            case status
            case statusMessage = "status_message"
            case runCount = "run_count"
            case extraAttrs = "extra_attrs"
            case creationTime = "creation_time"
            case updateTime = "update_time"
            case startTime = "start_time"
            case endTime = "end_time"
        }
    }

    struct UserAuditorFlag: Codable, Sendable, Equatable, HarborModel {
        var auditorFlag: Bool?

        enum CodingKeys: String, CodingKey {
            case auditorFlag = "auditor_flag"
        }

        static let fields: [HarborField] = [
            HarborField("auditor_flag", .boolean)
        ]
    }

    struct UserCreationReq: Codable, Sendable, Equatable, HarborModel {
        var email: String?
        var realname: String?
        var comment: String?
        var password: String?
        var username: String?

        enum CodingKeys: String, CodingKey {
            case email
            case realname
            case comment
            case password
            case username
        }

        static let fields: [HarborField] = [
            HarborField("email", .string, maximumLength: 255),
            HarborField("realname", .string),
            HarborField("comment", .string),
            HarborField("password", .string),
            HarborField("username", .string, maximumLength: 255),
        ]
    }

    struct UserEntity: Codable, Sendable, Equatable, HarborModel {
        var userId: Int64?
        var username: String?

        enum CodingKeys: String, CodingKey {
            case userId = "user_id"
            case username
        }

        static let fields: [HarborField] = [
            HarborField("user_id", .integer),
            HarborField("username", .string),
        ]
    }

    struct UserGroup: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var groupName: String?
        var groupType: Int64?
        var ldapGroupDn: String?

        enum CodingKeys: String, CodingKey {
            case id
            case groupName = "group_name"
            case groupType = "group_type"
            case ldapGroupDn = "ldap_group_dn"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("group_name", .string),
            HarborField("group_type", .integer),
            HarborField("ldap_group_dn", .string),
        ]
    }

    struct UserGroupSearchItem: Codable, Sendable, Equatable {
        var id: Int64?
        var groupName: String?
        var groupType: Int64?

        enum CodingKeys: String, CodingKey {
            case id
            case groupName = "group_name"
            case groupType = "group_type"
        }
    }

    struct UserProfile: Codable, Sendable, Equatable, HarborModel {
        var email: String?
        var realname: String?
        var comment: String?

        enum CodingKeys: String, CodingKey {
            case email
            case realname
            case comment
        }

        static let fields: [HarborField] = [
            HarborField("email", .string),
            HarborField("realname", .string),
            HarborField("comment", .string),
        ]
    }

    struct UserResp: Codable, Sendable, Equatable {
        var email: String?
        var realname: String?
        var comment: String?
        var userId: Int64?
        var username: String?
        var sysadminFlag: Bool?
        var adminRoleInAuth: Bool?
        var oidcUserMeta: OIDCUserInfo?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case email
            case realname
            case comment
            case userId = "user_id"
            case username
            case sysadminFlag = "sysadmin_flag"
            case adminRoleInAuth = "admin_role_in_auth"
            case oidcUserMeta = "oidc_user_meta"
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }
    }

    struct UserSearch: Codable, Sendable, Equatable {
        var userId: Int64?
        var username: String?

        enum CodingKeys: String, CodingKey {
            case userId = "user_id"
            case username
        }
    }

    struct UserSearchRespItem: Codable, Sendable, Equatable {
        var userId: Int64?
        var username: String?

        enum CodingKeys: String, CodingKey {
            case userId = "user_id"
            case username
        }
    }

    struct UserSysAdminFlag: Codable, Sendable, Equatable, HarborModel {
        var sysadminFlag: Bool?

        enum CodingKeys: String, CodingKey {
            case sysadminFlag = "sysadmin_flag"
        }

        static let fields: [HarborField] = [
            HarborField("sysadmin_flag", .boolean)
        ]
    }

    struct VulnerabilityItem: Codable, Sendable, Equatable {
        var projectId: Int64?
        var repositoryName: String?
        var digest: String?
        var tags: [String]?
        var cveId: String?
        var severity: String?
        var status: String?
        var cvssV3Score: Double?
        var package: String?
        var version: String?
        var fixedVersion: String?
        var desc: String?
        var links: [String]?

        enum CodingKeys: String, CodingKey {
            case projectId = "project_id"
            case repositoryName = "repository_name"
            case digest
            case tags
            case cveId = "cve_id"
            case severity
            case status
            case cvssV3Score = "cvss_v3_score"
            case package
            case version
            case fixedVersion = "fixed_version"
            case desc
            case links
        }
    }

    struct VulnerabilitySummary: Codable, Sendable, Equatable {
        var total: Int64?
        var fixable: Int64?
        var summary: [String: Int64]?

        enum CodingKeys: String, CodingKey {
            case total
            case fixable
            case summary
        }
    }

    struct WebhookJob: Codable, Sendable, Equatable {
        var id: Int64?
        var policyId: Int64?
        var eventType: String?
        var notifyType: String?
        var status: String?
        var jobDetail: String?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case policyId = "policy_id"
            case eventType = "event_type"
            case notifyType = "notify_type"
            case status
            case jobDetail = "job_detail"
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }
    }

    struct WebhookLastTrigger: Codable, Sendable, Equatable {
        var policyName: String?
        var eventType: String?
        var enabled: Bool?
        var creationTime: HarborTime?
        var lastTriggerTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case policyName = "policy_name"
            case eventType = "event_type"
            case enabled
            case creationTime = "creation_time"
            case lastTriggerTime = "last_trigger_time"
        }
    }

    struct WebhookPolicy: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var name: String?
        var description: String?
        var projectId: Int64?
        var targets: [WebhookTargetObject]?
        var eventTypes: [String]?
        var creator: String?
        var creationTime: HarborTime?
        var updateTime: HarborTime?
        var enabled: Bool?

        enum CodingKeys: String, CodingKey {
            case id
            case name
            case description
            case projectId = "project_id"
            case targets
            case eventTypes = "event_types"
            case creator
            case creationTime = "creation_time"
            case updateTime = "update_time"
            case enabled
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("name", .string),
            HarborField("description", .string),
            HarborField("project_id", .integer),
            HarborField("targets", .array(.model(WebhookTargetObject.self))),
            HarborField("event_types", .array(.string)),
            HarborField("creator", .string),
            HarborField("creation_time", .time),
            HarborField("update_time", .time),
            HarborField("enabled", .boolean),
        ]
    }

    struct WebhookTargetObject: Codable, Sendable, Equatable, HarborModel {
        var type: String?
        var address: String?
        var authHeader: String?
        var skipCertVerify: Bool?
        var payloadFormat: String?
        var secret: String?

        enum CodingKeys: String, CodingKey {
            case type
            case address
            case authHeader = "auth_header"
            case skipCertVerify = "skip_cert_verify"
            case payloadFormat = "payload_format"
            case secret
        }

        static let fields: [HarborField] = [
            HarborField("type", .string),
            HarborField("address", .string),
            HarborField("auth_header", .string),
            HarborField("skip_cert_verify", .boolean),
            HarborField("payload_format", .string),
            HarborField("secret", .string, maximumLength: 256),
        ]
    }

    struct Worker: Codable, Sendable, Equatable {
        var id: String?
        var poolId: String?
        var jobName: String?
        var jobId: String?
        var startAt: HarborTime?
        var checkIn: String?
        var checkinAt: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case poolId = "pool_id"
            case jobName = "job_name"
            case jobId = "job_id"
            case startAt = "start_at"
            case checkIn = "check_in"
            case checkinAt = "checkin_at"
        }
    }

    struct WorkerPool: Codable, Sendable, Equatable {
        var pid: Int64?
        var workerPoolId: String?
        var startAt: HarborTime?
        var heartbeatAt: HarborTime?
        var concurrency: Int64?
        var host: String?

        enum CodingKeys: String, CodingKey {
            case pid
            case workerPoolId = "worker_pool_id"
            case startAt = "start_at"
            case heartbeatAt = "heartbeat_at"
            case concurrency
            case host
        }
    }
}
