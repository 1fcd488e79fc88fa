// Made by scripts/harbor-api from the description of Harbor's API. Not edited by hand.

extension Harbor {
    struct ReplicationTriggerSettings: Codable, Sendable, Equatable, HarborModel {
        var cron: String?

        enum CodingKeys: String, CodingKey {
            case cron
        }

        static let fields: [HarborField] = [
            HarborField("cron", .string)
        ]
    }

    struct Repository: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var projectId: Int64?
        var name: String?
        var description: String?
        var artifactCount: Int64?
        var pullCount: Int64?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case projectId = "project_id"
            case name
            case description
            case artifactCount = "artifact_count"
            case pullCount = "pull_count"
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("project_id", .integer),
            HarborField("name", .string),
            HarborField("description", .string),
            HarborField("artifact_count", .integer),
            HarborField("pull_count", .integer),
            HarborField("creation_time", .time),
            HarborField("update_time", .time),
        ]
    }

    struct RepositoryGrant: Codable, Sendable, Equatable {
        var id: Int64?
        var user: String?
        var group: String?
        var pattern: String?
        var actions: [String]?
        var creationTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case user
            case group
            case pattern
            case actions
            case creationTime = "creation_time"
        }
    }

    struct RepositoryGrantReq: Codable, Sendable, Equatable, HarborModel {
        var user: String?
        var group: String?
        var pattern: String?
        var actions: [String]?

        enum CodingKeys: String, CodingKey {
            case user
            case group
            case pattern
            case actions
        }

        static let fields: [HarborField] = [
            HarborField("user", .string, maximumLength: 255),
            HarborField("group", .string, maximumLength: 255),
            HarborField("pattern", .string, maximumLength: 255),
            HarborField("actions", .array(.string)),
        ]
    }

    struct RetentionExecution: Codable, Sendable, Equatable {
        var id: Int64?
        var policyId: Int64?
        var startTime: String?
        var endTime: String?
        var status: String?
        var trigger: String?
        var dryRun: Bool?

        enum CodingKeys: String, CodingKey {
            case id
            case policyId = "policy_id"
            case startTime = "start_time"
            case endTime = "end_time"
            case status
            case trigger
            case dryRun = "dry_run"
        }
    }

    struct RetentionExecutionTask: Codable, Sendable, Equatable {
        var id: Int64?
        var executionId: Int64?
        var repository: String?
        var jobId: String?
        var status: String?
        var statusCode: Int64?
        var statusRevision: Int64?
        var startTime: String?
        var endTime: String?
        var total: Int64?
        var retained: Int64?

        enum CodingKeys: String, CodingKey {
            case id
            case executionId = "execution_id"
            case repository
            case jobId = "job_id"
            case status
            case statusCode = "status_code"
            case statusRevision = "status_revision"
            case startTime = "start_time"
            case endTime = "end_time"
            case total
            case retained
        }
    }

    struct RetentionMetadata: Codable, Sendable, Equatable {
        var templates: [RetentionRuleMetadata]?
        var scopeSelectors: [RetentionSelectorMetadata]?
        var tagSelectors: [RetentionSelectorMetadata]?

        enum CodingKeys: String, CodingKey {
            case templates
            case scopeSelectors = "scope_selectors"
            case tagSelectors = "tag_selectors"
        }
    }

    struct RetentionPolicy: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var algorithm: String?
        var rules: [RetentionRule]?
        var trigger: RetentionRuleTrigger?
        var scope: RetentionPolicyScope?

        enum CodingKeys: String, CodingKey {
            case id
            case algorithm
            case rules
            case trigger
            case scope
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("algorithm", .string),
            HarborField("rules", .array(.model(RetentionRule.self))),
            HarborField("trigger", .model(RetentionRuleTrigger.self)),
            HarborField("scope", .model(RetentionPolicyScope.self)),
        ]
    }

    struct RetentionPolicyScope: Codable, Sendable, Equatable, HarborModel {
        var level: String?
        var ref: Int64?

        enum CodingKeys: String, CodingKey {
            case level
            case ref
        }

        static let fields: [HarborField] = [
            HarborField("level", .string),
            HarborField("ref", .integer),
        ]
    }

    struct RetentionRule: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var priority: Int64?
        var disabled: Bool?
        var action: String?
        var template: String?
        var params: [String: JSONValue]?
        var tagSelectors: [RetentionSelector]?
        var scopeSelectors: [String: [RetentionSelector]]?

        enum CodingKeys: String, CodingKey {
            case id
            case priority
            case disabled
            case action
            case template
            case params
            case tagSelectors = "tag_selectors"
            case scopeSelectors = "scope_selectors"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("priority", .integer),
            HarborField("disabled", .boolean),
            HarborField("action", .string),
            HarborField("template", .string),
            HarborField("params", .map(.any)),
            HarborField("tag_selectors", .array(.model(RetentionSelector.self))),
            HarborField("scope_selectors", .map(.array(.model(RetentionSelector.self)))),
        ]
    }

    struct RetentionRuleMetadata: Codable, Sendable, Equatable {
        var ruleTemplate: String?
        var displayText: String?
        var action: String?
        var params: [RetentionRuleParamMetadata]?

        enum CodingKeys: String, CodingKey {
            case ruleTemplate = "rule_template"
            case displayText = "display_text"
            case action
            case params
        }
    }

    struct RetentionRuleParamMetadata: Codable, Sendable, Equatable {
        var type: String?
        var unit: String?
        var required: Bool?

        enum CodingKeys: String, CodingKey {
            case type
            case unit
            case required
        }
    }

    struct RetentionRuleTrigger: Codable, Sendable, Equatable, HarborModel {
        var kind: String?
        var settings: JSONValue?
        var references: JSONValue?

        enum CodingKeys: String, CodingKey {
            case kind
            case settings
            case references
        }

        static let fields: [HarborField] = [
            HarborField("kind", .string),
            HarborField("settings", .any),
            HarborField("references", .any),
        ]
    }

    struct RetentionSelector: Codable, Sendable, Equatable, HarborModel {
        var kind: String?
        var decoration: String?
        var pattern: String?
        var extras: String?

        enum CodingKeys: String, CodingKey {
            case kind
            case decoration
            case pattern
            case extras
        }

        static let fields: [HarborField] = [
            HarborField("kind", .string),
            HarborField("decoration", .string),
            HarborField("pattern", .string),
            HarborField("extras", .string),
        ]
    }

    struct RetentionSelectorMetadata: Codable, Sendable, Equatable {
        var displayText: String?
        var kind: String?
        var decorations: [String]?

        enum CodingKeys: String, CodingKey {
            case displayText = "display_text"
            case kind
            case decorations
        }
    }

    struct Robot: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var name: String?
        var description: String?
        var secret: String?
        var level: String?
        var duration: Int64?
        var editable: Bool?
        var disable: Bool?
        var expiresAt: Int64?
        var permissions: [RobotPermission]?
        var creatorType: String?
        var creatorRef: Int64?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case name
            case description
            case secret
            case level
            case duration
            case editable
            case disable
            case expiresAt = "expires_at"
            case permissions
            case creatorType = "creator_type"
            case creatorRef = "creator_ref"
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("name", .string),
            HarborField("description", .string),
            HarborField("secret", .string),
            HarborField("level", .string),
            HarborField("duration", .integer),
            HarborField("editable", .boolean),
            HarborField("disable", .boolean),
            HarborField("expires_at", .integer),
            HarborField("permissions", .array(.model(RobotPermission.self))),
            HarborField("creator_type", .string),
            HarborField("creator_ref", .integer),
            HarborField("creation_time", .time),
            HarborField("update_time", .time),
        ]
    }

    struct RobotCreate: Codable, Sendable, Equatable, HarborModel {
        var name: String?
        var description: String?
        var secret: String?
        var level: String?
        var disable: Bool?
        var duration: Int64?
        var permissions: [RobotPermission]?

        enum CodingKeys: String, CodingKey {
            case name
            case description
            case secret
            case level
            case disable
            case duration
            case permissions
        }

        static let fields: [HarborField] = [
            HarborField("name", .string),
            HarborField("description", .string),
            HarborField("secret", .string),
            HarborField("level", .string),
            HarborField("disable", .boolean),
            HarborField("duration", .integer),
            HarborField("permissions", .array(.model(RobotPermission.self))),
        ]
    }

    struct RobotCreateV1: Codable, Sendable, Equatable {
        var name: String?
        var description: String?
        var expiresAt: Int64?
        var access: [Access]?

        enum CodingKeys: String, CodingKey {
            case name
            case description
            case expiresAt = "expires_at"
            case access
        }
    }

    struct RobotCreated: Codable, Sendable, Equatable {
        var id: Int64?
        var name: String?
        var secret: String?
        var creationTime: HarborTime?
        var expiresAt: Int64?

        enum CodingKeys: String, CodingKey {
            case id
            case name
            case secret
            case creationTime = "creation_time"
            case expiresAt = "expires_at"
        }
    }

    struct RobotPermission: Codable, Sendable, Equatable, HarborModel {
        var kind: String?
        var namespace: String?
        var access: [Access]?

        enum CodingKeys: String, CodingKey {
            case kind
            case namespace
            case access
        }

        static let fields: [HarborField] = [
            HarborField("kind", .string),
            HarborField("namespace", .string),
            HarborField("access", .array(.model(Access.self))),
        ]
    }

    struct RobotSec: Codable, Sendable, Equatable, HarborModel {
        var secret: String?

        enum CodingKeys: String, CodingKey {
            case secret
        }

        static let fields: [HarborField] = [
            HarborField("secret", .string)
        ]
    }

    struct RoleRequest: Codable, Sendable, Equatable, HarborModel {
        var roleId: Int64?

        enum CodingKeys: String, CodingKey {
            case roleId = "role_id"
        }

        static let fields: [HarborField] = [
            HarborField("role_id", .integer)
        ]
    }

    struct SBOMOverview: Codable, Sendable, Equatable {
        var startTime: HarborTime?
        var endTime: HarborTime?
        var scanStatus: String?
        var sbomDigest: String?
        var reportId: String?
        var duration: Int64?
        var scanner: Scanner?

        enum CodingKeys: String, CodingKey {
            case startTime = "start_time"
            case endTime = "end_time"
            case scanStatus = "scan_status"
            case sbomDigest = "sbom_digest"
            case reportId = "report_id"
            case duration
            case scanner
        }
    }

    struct ScanDataExportExecution: Codable, Sendable, Equatable {
        var id: Int64?
        var userId: Int64?
        var status: String?
        var trigger: String?
        var startTime: HarborTime?
        var endTime: HarborTime?
        var statusText: String?
        var userName: String?
        var filePresent: Bool?

        enum CodingKeys: String, CodingKey {
            case id
            case userId = "user_id"
            case status
            case trigger
            case startTime = "start_time"
            case endTime = "end_time"
            case statusText = "status_text"
            case userName = "user_name"
            case filePresent = "file_present"
        }
    }

    struct ScanDataExportExecutionList: Codable, Sendable, Equatable {
        var items: [ScanDataExportExecution]?

        enum CodingKeys: String, CodingKey {
            case items
        }
    }

    struct ScanDataExportJob: Codable, Sendable, Equatable {
        var id: Int64?

        enum CodingKeys: String, CodingKey {
            case id
        }
    }

    struct ScanDataExportRequest: Codable, Sendable, Equatable, HarborModel {
        var jobName: String?
        var projects: [Int64]?
        var labels: [Int64]?
        var repositories: String?
        var cveIds: String?
        var tags: String?

        enum CodingKeys: String, CodingKey {
            case jobName = "job_name"
            case projects
            case labels
            case repositories
            case cveIds
            case tags
        }

        static let fields: [HarborField] = [
            HarborField("job_name", .string),
            HarborField("projects", .array(.integer)),
            HarborField("labels", .array(.integer)),
            HarborField("repositories", .string),
            HarborField("cveIds", .string),
            HarborField("tags", .string),
        ]
    }

    struct ScanType: Codable, Sendable, Equatable, HarborModel {
        var scanType: String?

        enum CodingKeys: String, CodingKey {
            case scanType = "scan_type"
        }

        static let fields: [HarborField] = [
            HarborField("scan_type", .string, values: ["vulnerability", "sbom"])
        ]
    }

    struct Scanner: Codable, Sendable, Equatable {
        var name: String?
        var vendor: String?
        var version: String?

        enum CodingKeys: String, CodingKey {
            case name
            case vendor
            case version
        }
    }

    struct ScannerAdapterMetadata: Codable, Sendable, Equatable {
        var scanner: Scanner?
        var capabilities: [ScannerCapability]?
        var properties: [String: String]?

        enum CodingKeys: String, CodingKey {
            case scanner
            case capabilities
            case properties
        }
    }

    struct ScannerCapability: Codable, Sendable, Equatable {
        var type: String?
        var consumesMimeTypes: [String]?
        var producesMimeTypes: [String]?

        enum CodingKeys: String, CodingKey {
            case type
            case consumesMimeTypes = "consumes_mime_types"
            case producesMimeTypes = "produces_mime_types"
        }
    }

    struct ScannerRegistration: Codable, Sendable, Equatable {
        var uuid: String?
        var name: String?
        var description: String?
        var url: String?
        var disabled: Bool?
        var isDefault: Bool?
        var auth: String?
        var accessCredential: String?
        var skipCertVerify: Bool?
        var useInternalAddr: Bool?
        var createTime: HarborTime?
        var updateTime: HarborTime?
        var adapter: String?
        var vendor: String?
        var version: String?
        var health: String?
        var capabilities: JSONValue?

        enum CodingKeys: String, CodingKey {
            case uuid
            case name
            case description
            case url
            case disabled
            case isDefault = "is_default"
            case auth
            case accessCredential = "access_credential"
            case skipCertVerify = "skip_certVerify"
            case useInternalAddr = "use_internal_addr"
            case createTime = "create_time"
            case updateTime = "update_time"
            case adapter
            case vendor
            case version
            case health
            case capabilities
        }
    }

    struct ScannerRegistrationReq: Codable, Sendable, Equatable, HarborModel {
        var name: String?
        var description: String?
        var url: String?
        var auth: String?
        var accessCredential: String?
        var skipCertVerify: Bool?
        var useInternalAddr: Bool?
        var disabled: Bool?

        enum CodingKeys: String, CodingKey {
            case name
            case description
            case url
            case auth
            case accessCredential = "access_credential"
            case skipCertVerify = "skip_certVerify"
            case useInternalAddr = "use_internal_addr"
            case disabled
        }

        static let fields: [HarborField] = [
            HarborField("name", .string, isRequired: true),
            HarborField("description", .string),
            HarborField("url", .string, isRequired: true),
            HarborField("auth", .string),
            HarborField("access_credential", .string),
            HarborField("skip_certVerify", .boolean),
            HarborField("use_internal_addr", .boolean),
            HarborField("disabled", .boolean),
        ]
    }

    struct ScannerRegistrationSettings: Codable, Sendable, Equatable, HarborModel {
        var name: String?
        var url: String?
        var auth: String?
        var accessCredential: String?

        enum CodingKeys: String, CodingKey {
            case name
            case url
            case auth
            case accessCredential = "access_credential"
        }

        static let fields: [HarborField] = [
            HarborField("name", .string, isRequired: true),
            HarborField("url", .string, isRequired: true),
            HarborField("auth", .string),
            HarborField("access_credential", .string),
        ]
    }

    struct Schedule: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var status: String?
        var creationTime: HarborTime?
        var updateTime: HarborTime?
        var schedule: ScheduleObj?
        var parameters: [String: JSONValue]?

        enum CodingKeys: String, CodingKey {
            case id
            case status
            case creationTime = "creation_time"
            case updateTime = "update_time"
            case schedule
            case parameters
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("status", .string),
            HarborField("creation_time", .time),
            HarborField("update_time", .time),
            HarborField("schedule", .model(ScheduleObj.self)),
            HarborField("parameters", .map(.any)),
        ]
    }

    struct ScheduleObj: Codable, Sendable, Equatable, HarborModel {
        var type: String?
        var cron: String?
        var nextScheduledTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case type
            case cron
            case nextScheduledTime = "next_scheduled_time"
        }

        static let fields: [HarborField] = [
            HarborField("type", .string, values: ["Hourly", "Daily", "Weekly", "Custom", "Manual", "None", "Schedule"]),
            HarborField("cron", .string),
            HarborField("next_scheduled_time", .time),
        ]
    }

    struct ScheduleTask: Codable, Sendable, Equatable {
        var id: Int64?
        var vendorType: String?
        var vendorId: Int64?
        var cron: String?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case vendorType = "vendor_type"
            case vendorId = "vendor_id"
            case cron
            case updateTime = "update_time"
        }
    }

    struct SchedulerStatus: Codable, Sendable, Equatable {
        var paused: Bool?

        enum CodingKeys: String, CodingKey {
            case paused
        }
    }

    struct Search: Codable, Sendable, Equatable {
        var project: [Project]?
        var repository: [SearchRepository]?

        enum CodingKeys: String, CodingKey {
            case project
            case repository
        }
    }

    struct SearchRepository: Codable, Sendable, Equatable {
        var projectId: Int64?
        var projectName: String?
        var projectPublic: Bool?
        var repositoryName: String?
        var pullCount: Int64?
        var artifactCount: Int64?

        enum CodingKeys: String, CodingKey {
            case projectId = "project_id"
            case projectName = "project_name"
            case projectPublic = "project_public"
            case repositoryName = "repository_name"
            case pullCount = "pull_count"
            case artifactCount = "artifact_count"
        }
    }
}
