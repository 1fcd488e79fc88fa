// Made by scripts/harbor-api from the description of Harbor's API. Not edited by hand.

extension Harbor {
    struct Access: Codable, Sendable, Equatable, HarborModel {
        var resource: String?
        var action: String?
        var effect: String?

        enum CodingKeys: String, CodingKey {
            case resource
            case action
            case effect
        }

        static let fields: [HarborField] = [
            HarborField("resource", .string),
            HarborField("action", .string),
            HarborField("effect", .string),
        ]
    }

    struct AccessExplanation: Codable, Sendable, Equatable {
        var user: String?
        var action: String?
        var resource: String?
        var allowed: Bool?
        var reasons: [AccessReason]?

        enum CodingKeys: String, CodingKey {
            case user
            case action
            case resource
            case allowed
            case reasons
        }
    }

    struct AccessReason: Codable, Sendable, Equatable {
        var gives: Bool?
        var kind: String?
        var text: String?

        enum CodingKeys: String, CodingKey {
            case gives
            case kind
            case text
        }
    }

    struct Accessory: Codable, Sendable, Equatable {
        var id: Int64?
        var artifactId: Int64?
        var subjectArtifactId: Int64?
        var subjectArtifactDigest: String?
        var subjectArtifactRepo: String?
        var size: Int64?
        var digest: String?
        var type: String?
        var icon: String?
        var creationTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case artifactId = "artifact_id"
            case subjectArtifactId = "subject_artifact_id"
            case subjectArtifactDigest = "subject_artifact_digest"
            case subjectArtifactRepo = "subject_artifact_repo"
            case size
            case digest
            case type
            case icon
            case creationTime = "creation_time"
        }
    }

    struct ActionRequest: Codable, Sendable, Equatable, HarborModel {
        var action: String?

        enum CodingKeys: String, CodingKey {
            case action
        }

        static let fields: [HarborField] = [
            HarborField("action", .string, values: ["stop", "pause", "resume"])
        ]
    }

    struct AdditionLink: Codable, Sendable, Equatable {
        var href: String?
        var absolute: Bool?

        enum CodingKeys: String, CodingKey {
            case href
            case absolute
        }
    }

    struct Artifact: Codable, Sendable, Equatable {
        var id: Int64?
        var type: String?
        var mediaType: String?
        var manifestMediaType: String?
        var artifactType: String?
        var projectId: Int64?
        var repositoryId: Int64?
        var repositoryName: String?
        var digest: String?
        var size: Int64?
        var icon: String?
        var pushTime: HarborTime?
        var pullTime: HarborTime?
        var extraAttrs: [String: JSONValue]?
        var annotations: [String: String]?
        var references: [Reference]?
        var tags: [Tag]?
        var additionLinks: [String: AdditionLink]?
        var labels: [Label]?
        var scanOverview: [String: NativeReportSummary]?
        var sbomOverview: SBOMOverview?
        var accessories: [Accessory]?
        var inheritedAccessories: [Accessory]?

        enum CodingKeys: String, CodingKey {
            case id
            case type
            case mediaType = "media_type"
            case manifestMediaType = "manifest_media_type"
            case artifactType = "artifact_type"
            case projectId = "project_id"
            case repositoryId = "repository_id"
            case repositoryName = "repository_name"
            case digest
            case size
            case icon
            case pushTime = "push_time"
            case pullTime = "pull_time"
            case extraAttrs = "extra_attrs"
            case annotations
            case references
            case tags
            case additionLinks = "addition_links"
            case labels
            case scanOverview = "scan_overview"
            case sbomOverview = "sbom_overview"
            case accessories
            case inheritedAccessories = "inherited_accessories"
        }
    }

    struct AuditLog: Codable, Sendable, Equatable {
        var id: Int64?
        var username: String?
        var resource: String?
        var resourceType: String?
        var operation: String?
        var opTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case username
            case resource
            case resourceType = "resource_type"
            case operation
            case opTime = "op_time"
        }
    }

    struct AuditLogEventType: Codable, Sendable, Equatable {
        var eventType: String?

        enum CodingKeys: String, CodingKey {
            case eventType = "event_type"
        }
    }

    struct AuditLogExt: Codable, Sendable, Equatable {
        var id: Int64?
        var username: String?
        var resource: String?
        var resourceType: String?
        var operation: String?
        var operationDescription: String?
        var operationResult: Bool?
        var opTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case username
            case resource
            case resourceType = "resource_type"
            case operation
            case operationDescription = "operation_description"
            case operationResult = "operation_result"
            case opTime = "op_time"
        }
    }

    struct AuthproxySetting: Codable, Sendable, Equatable {
        var endpoint: String?
        var tokenreivewEndpoint: String?
        var skipSearch: Bool?
        var verifyCert: Bool?
        var serverCertificate: String?

        enum CodingKeys: String, CodingKey {
            case endpoint
            case tokenreivewEndpoint = "tokenreivew_endpoint"
            case skipSearch = "skip_search"
            case verifyCert = "verify_cert"
            case serverCertificate = "server_certificate"
        }
    }

    struct BoolConfigItem: Codable, Sendable, Equatable {
        var value: Bool?
        var editable: Bool?

        enum CodingKeys: String, CodingKey {
            case value
            case editable
        }
    }

    struct CVEAllowlist: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var projectId: Int64?
        var expiresAt: Int64?
        var items: [CVEAllowlistItem]?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case projectId = "project_id"
            case expiresAt = "expires_at"
            case items
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("project_id", .integer),
            HarborField("expires_at", .integer),
            HarborField("items", .array(.model(CVEAllowlistItem.self))),
            HarborField("creation_time", .time),
            HarborField("update_time", .time),
        ]
    }

    struct CVEAllowlistItem: Codable, Sendable, Equatable, HarborModel {
        var cveId: String?

        enum CodingKeys: String, CodingKey {
            case cveId = "cve_id"
        }

        static let fields: [HarborField] = [
            HarborField("cve_id", .string)
        ]
    }

    struct ComponentHealthStatus: Codable, Sendable, Equatable {
        var name: String?
        var status: String?
        var error: String?

        enum CodingKeys: String, CodingKey {
            case name
            case status
            case error
        }
    }

    struct Configurations: Codable, Sendable, Equatable, HarborModel {
        var authMode: String?
        var primaryAuthMode: Bool?
        var ldapBaseDn: String?
        var ldapFilter: String?
        var ldapGroupBaseDn: String?
        var ldapGroupAdminDn: String?
        var ldapGroupAttributeName: String?
        var ldapGroupSearchFilter: String?
        var ldapGroupSearchScope: Int64?
        var ldapGroupAttachParallel: Bool?
        var ldapScope: Int64?
        var ldapSearchDn: String?
        var ldapSearchPassword: String?
        var ldapTimeout: Int64?
        var ldapUid: String?
        var ldapUrl: String?
        var ldapVerifyCert: Bool?
        var ldapGroupMembershipAttribute: String?
        var projectCreationRestriction: String?
        var readOnly: Bool?
        var selfRegistration: Bool?
        var tokenExpiration: Int64?
        var uaaClientId: String?
        var uaaClientSecret: String?
        var uaaEndpoint: String?
        var uaaVerifyCert: Bool?
        var httpAuthproxyEndpoint: String?
        var httpAuthproxyTokenreviewEndpoint: String?
        var httpAuthproxyAdminGroups: String?
        var httpAuthproxyAdminUsernames: String?
        var httpAuthproxyVerifyCert: Bool?
        var httpAuthproxySkipSearch: Bool?
        var httpAuthproxyServerCertificate: String?
        var oidcName: String?
        var oidcEndpoint: String?
        var oidcClientId: String?
        var oidcClientSecret: String?
        var oidcGroupsClaim: String?
        var oidcAdminGroup: String?
        var oidcGroupFilter: String?
        var oidcScope: String?
        var oidcUserClaim: String?
        var oidcVerifyCert: Bool?
        var oidcAutoOnboard: Bool?
        var oidcExtraRedirectParms: String?
        var oidcLogout: Bool?
        var robotTokenDuration: Int64?
        var robotNamePrefix: String?
        var notificationEnable: Bool?
        var quotaPerProjectEnable: Bool?
        var storagePerProject: Int64?
        var auditLogForwardEndpoint: String?
        var skipAuditLogDatabase: Bool?
        var sessionTimeout: Int64?
        var scannerSkipUpdatePulltime: Bool?
        var bannerMessage: String?
        var disabledAuditLogEventTypes: String?

        enum CodingKeys: String, CodingKey {
            case authMode = "auth_mode"
            case primaryAuthMode = "primary_auth_mode"
            case ldapBaseDn = "ldap_base_dn"
            case ldapFilter = "ldap_filter"
            case ldapGroupBaseDn = "ldap_group_base_dn"
            case ldapGroupAdminDn = "ldap_group_admin_dn"
            case ldapGroupAttributeName = "ldap_group_attribute_name"
            case ldapGroupSearchFilter = "ldap_group_search_filter"
            case ldapGroupSearchScope = "ldap_group_search_scope"
            case ldapGroupAttachParallel = "ldap_group_attach_parallel"
            case ldapScope = "ldap_scope"
            case ldapSearchDn = "ldap_search_dn"
            case ldapSearchPassword = "ldap_search_password"
            case ldapTimeout = "ldap_timeout"
            case ldapUid = "ldap_uid"
            case ldapUrl = "ldap_url"
            case ldapVerifyCert = "ldap_verify_cert"
            case ldapGroupMembershipAttribute = "ldap_group_membership_attribute"
            case projectCreationRestriction = "project_creation_restriction"
            case readOnly = "read_only"
            case selfRegistration = "self_registration"
            case tokenExpiration = "token_expiration"
            case uaaClientId = "uaa_client_id"
            case uaaClientSecret = "uaa_client_secret"
            case uaaEndpoint = "uaa_endpoint"
            case uaaVerifyCert = "uaa_verify_cert"
            case httpAuthproxyEndpoint = "http_authproxy_endpoint"
            case httpAuthproxyTokenreviewEndpoint = "http_authproxy_tokenreview_endpoint"
            case httpAuthproxyAdminGroups = "http_authproxy_admin_groups"
            case httpAuthproxyAdminUsernames = "http_authproxy_admin_usernames"
            case httpAuthproxyVerifyCert = "http_authproxy_verify_cert"
            case httpAuthproxySkipSearch = "http_authproxy_skip_search"
            case httpAuthproxyServerCertificate = "http_authproxy_server_certificate"
            case oidcName = "oidc_name"
            case oidcEndpoint = "oidc_endpoint"
            case oidcClientId = "oidc_client_id"
            case oidcClientSecret = "oidc_client_secret"
            case oidcGroupsClaim = "oidc_groups_claim"
            case oidcAdminGroup = "oidc_admin_group"
            case oidcGroupFilter = "oidc_group_filter"
            case oidcScope = "oidc_scope"
            case oidcUserClaim = "oidc_user_claim"
            case oidcVerifyCert = "oidc_verify_cert"
            case oidcAutoOnboard = "oidc_auto_onboard"
            case oidcExtraRedirectParms = "oidc_extra_redirect_parms"
            case oidcLogout = "oidc_logout"
            case robotTokenDuration = "robot_token_duration"
            case robotNamePrefix = "robot_name_prefix"
            case notificationEnable = "notification_enable"
            case quotaPerProjectEnable = "quota_per_project_enable"
            case storagePerProject = "storage_per_project"
            case auditLogForwardEndpoint = "audit_log_forward_endpoint"
            case skipAuditLogDatabase = "skip_audit_log_database"
            case sessionTimeout = "session_timeout"
            case scannerSkipUpdatePulltime = "scanner_skip_update_pulltime"
            case bannerMessage = "banner_message"
            case disabledAuditLogEventTypes = "disabled_audit_log_event_types"
        }

        static let fields: [HarborField] = [
            HarborField("auth_mode", .string),
            HarborField("primary_auth_mode", .boolean),
            HarborField("ldap_base_dn", .string),
            HarborField("ldap_filter", .string),
            HarborField("ldap_group_base_dn", .string),
            HarborField("ldap_group_admin_dn", .string),
            HarborField("ldap_group_attribute_name", .string),
            HarborField("ldap_group_search_filter", .string),
            HarborField("ldap_group_search_scope", .integer),
            HarborField("ldap_group_attach_parallel", .boolean),
            HarborField("ldap_scope", .integer),
            HarborField("ldap_search_dn", .string),
            HarborField("ldap_search_password", .string),
            HarborField("ldap_timeout", .integer),
            HarborField("ldap_uid", .string),
            HarborField("ldap_url", .string),
            HarborField("ldap_verify_cert", .boolean),
            HarborField("ldap_group_membership_attribute", .string),
            HarborField("project_creation_restriction", .string),
            HarborField("read_only", .boolean),
            HarborField("self_registration", .boolean),
            HarborField("token_expiration", .integer),
            HarborField("uaa_client_id", .string),
            HarborField("uaa_client_secret", .string),
            HarborField("uaa_endpoint", .string),
            HarborField("uaa_verify_cert", .boolean),
            HarborField("http_authproxy_endpoint", .string),
            HarborField("http_authproxy_tokenreview_endpoint", .string),
            HarborField("http_authproxy_admin_groups", .string),
            HarborField("http_authproxy_admin_usernames", .string),
            HarborField("http_authproxy_verify_cert", .boolean),
            HarborField("http_authproxy_skip_search", .boolean),
            HarborField("http_authproxy_server_certificate", .string),
            HarborField("oidc_name", .string),
            HarborField("oidc_endpoint", .string),
            HarborField("oidc_client_id", .string),
            HarborField("oidc_client_secret", .string),
            HarborField("oidc_groups_claim", .string),
            HarborField("oidc_admin_group", .string),
            HarborField("oidc_group_filter", .string),
            HarborField("oidc_scope", .string),
            HarborField("oidc_user_claim", .string),
            HarborField("oidc_verify_cert", .boolean),
            HarborField("oidc_auto_onboard", .boolean),
            HarborField("oidc_extra_redirect_parms", .string),
            HarborField("oidc_logout", .boolean),
            HarborField("robot_token_duration", .integer),
            HarborField("robot_name_prefix", .string),
            HarborField("notification_enable", .boolean),
            HarborField("quota_per_project_enable", .boolean),
            HarborField("storage_per_project", .integer),
            HarborField("audit_log_forward_endpoint", .string),
            HarborField("skip_audit_log_database", .boolean),
            HarborField("session_timeout", .integer),
            HarborField("scanner_skip_update_pulltime", .boolean),
            HarborField("banner_message", .string),
            HarborField("disabled_audit_log_event_types", .string),
        ]
    }

    struct ConfigurationsResponse: Codable, Sendable, Equatable {
        var authMode: StringConfigItem?
        var primaryAuthMode: BoolConfigItem?
        var ldapBaseDn: StringConfigItem?
        var ldapFilter: StringConfigItem?
        var ldapGroupBaseDn: StringConfigItem?
        var ldapGroupAdminDn: StringConfigItem?
        var ldapGroupAttributeName: StringConfigItem?
        var ldapGroupSearchFilter: StringConfigItem?
        var ldapGroupSearchScope: IntegerConfigItem?
        var ldapGroupAttachParallel: BoolConfigItem?
        var ldapScope: IntegerConfigItem?
        var ldapSearchDn: StringConfigItem?
        var ldapTimeout: IntegerConfigItem?
        var ldapUid: StringConfigItem?
        var ldapUrl: StringConfigItem?
        var ldapVerifyCert: BoolConfigItem?
        var ldapGroupMembershipAttribute: StringConfigItem?
        var projectCreationRestriction: StringConfigItem?
        var readOnly: BoolConfigItem?
        var selfRegistration: BoolConfigItem?
        var tokenExpiration: IntegerConfigItem?
        var uaaClientId: StringConfigItem?
        var uaaClientSecret: StringConfigItem?
        var uaaEndpoint: StringConfigItem?
        var uaaVerifyCert: BoolConfigItem?
        var httpAuthproxyEndpoint: StringConfigItem?
        var httpAuthproxyTokenreviewEndpoint: StringConfigItem?
        var httpAuthproxyAdminGroups: StringConfigItem?
        var httpAuthproxyAdminUsernames: StringConfigItem?
        var httpAuthproxyVerifyCert: BoolConfigItem?
        var httpAuthproxySkipSearch: BoolConfigItem?
        var httpAuthproxyServerCertificate: StringConfigItem?
        var oidcName: StringConfigItem?
        var oidcEndpoint: StringConfigItem?
        var oidcClientId: StringConfigItem?
        var oidcGroupsClaim: StringConfigItem?
        var oidcAdminGroup: StringConfigItem?
        var oidcGroupFilter: StringConfigItem?
        var oidcScope: StringConfigItem?
        var oidcUserClaim: StringConfigItem?
        var oidcVerifyCert: BoolConfigItem?
        var oidcAutoOnboard: BoolConfigItem?
        var oidcExtraRedirectParms: StringConfigItem?
        var oidcLogout: BoolConfigItem?
        var robotTokenDuration: IntegerConfigItem?
        var robotNamePrefix: StringConfigItem?
        var notificationEnable: BoolConfigItem?
        var quotaPerProjectEnable: BoolConfigItem?
        var storagePerProject: IntegerConfigItem?
        var auditLogForwardEndpoint: StringConfigItem?
        var skipAuditLogDatabase: BoolConfigItem?
        var scannerSkipUpdatePulltime: BoolConfigItem?
        var scanAllPolicy: JSONValue?
        var sessionTimeout: IntegerConfigItem?
        var bannerMessage: StringConfigItem?
        var disabledAuditLogEventTypes: StringConfigItem?

        enum CodingKeys: String, CodingKey {
            case authMode = "auth_mode"
            case primaryAuthMode = "primary_auth_mode"
            case ldapBaseDn = "ldap_base_dn"
            case ldapFilter = "ldap_filter"
            case ldapGroupBaseDn = "ldap_group_base_dn"
            case ldapGroupAdminDn = "ldap_group_admin_dn"
            case ldapGroupAttributeName = "ldap_group_attribute_name"
            case ldapGroupSearchFilter = "ldap_group_search_filter"
            case ldapGroupSearchScope = "ldap_group_search_scope"
            case ldapGroupAttachParallel = "ldap_group_attach_parallel"
            case ldapScope = "ldap_scope"
            case ldapSearchDn = "ldap_search_dn"
            case ldapTimeout = "ldap_timeout"
            case ldapUid = "ldap_uid"
            case ldapUrl = "ldap_url"
            case ldapVerifyCert = "ldap_verify_cert"
            case ldapGroupMembershipAttribute = "ldap_group_membership_attribute"
            case projectCreationRestriction = "project_creation_restriction"
            case readOnly = "read_only"
            case selfRegistration = "self_registration"
            case tokenExpiration = "token_expiration"
            case uaaClientId = "uaa_client_id"
            case uaaClientSecret = "uaa_client_secret"
            case uaaEndpoint = "uaa_endpoint"
            case uaaVerifyCert = "uaa_verify_cert"
            case httpAuthproxyEndpoint = "http_authproxy_endpoint"
            case httpAuthproxyTokenreviewEndpoint = "http_authproxy_tokenreview_endpoint"
            case httpAuthproxyAdminGroups = "http_authproxy_admin_groups"
            case httpAuthproxyAdminUsernames = "http_authproxy_admin_usernames"
            case httpAuthproxyVerifyCert = "http_authproxy_verify_cert"
            case httpAuthproxySkipSearch = "http_authproxy_skip_search"
            case httpAuthproxyServerCertificate = "http_authproxy_server_certificate"
            case oidcName = "oidc_name"
            case oidcEndpoint = "oidc_endpoint"
            case oidcClientId = "oidc_client_id"
            case oidcGroupsClaim = "oidc_groups_claim"
            case oidcAdminGroup = "oidc_admin_group"
            case oidcGroupFilter = "oidc_group_filter"
            case oidcScope = "oidc_scope"
            case oidcUserClaim = "oidc_user_claim"
            case oidcVerifyCert = "oidc_verify_cert"
            case oidcAutoOnboard = "oidc_auto_onboard"
            case oidcExtraRedirectParms = "oidc_extra_redirect_parms"
            case oidcLogout = "oidc_logout"
            case robotTokenDuration = "robot_token_duration"
            case robotNamePrefix = "robot_name_prefix"
            case notificationEnable = "notification_enable"
            case quotaPerProjectEnable = "quota_per_project_enable"
            case storagePerProject = "storage_per_project"
            case auditLogForwardEndpoint = "audit_log_forward_endpoint"
            case skipAuditLogDatabase = "skip_audit_log_database"
            case scannerSkipUpdatePulltime = "scanner_skip_update_pulltime"
            case scanAllPolicy = "scan_all_policy"
            case sessionTimeout = "session_timeout"
            case bannerMessage = "banner_message"
            case disabledAuditLogEventTypes = "disabled_audit_log_event_types"
        }
    }

    struct DangerousArtifact: Codable, Sendable, Equatable {
        var projectId: Int64?
        var repositoryName: String?
        var digest: String?
        var criticalCnt: Int64?
        var highCnt: Int64?
        var mediumCnt: Int64?

        enum CodingKeys: String, CodingKey {
            case projectId = "project_id"
            case repositoryName = "repository_name"
            case digest
            case criticalCnt = "critical_cnt"
            case highCnt = "high_cnt"
            case mediumCnt = "medium_cnt"
        }
    }

    struct DangerousCVE: Codable, Sendable, Equatable {
        var cveId: String?
        var severity: String?
        var cvssScoreV3: Double?
        var desc: String?
        var package: String?
        var version: String?

        enum CodingKeys: String, CodingKey {
            case cveId = "cve_id"
            case severity
            case cvssScoreV3 = "cvss_score_v3"
            case desc
            case package
            case version
        }
    }

    struct Error: Codable, Sendable, Equatable {
        var code: String?
        var message: String?

        enum CodingKeys: String, CodingKey {
            case code
            case message
        }
    }

    struct Errors: Codable, Sendable, Equatable {
        var errors: [Error]?

        enum CodingKeys: String, CodingKey {
            case errors
        }
    }

    struct ExecHistory: Codable, Sendable, Equatable {
        var id: Int64?
        var jobName: String?
        var jobKind: String?
        var jobParameters: String?
        var schedule: ScheduleObj?
        var jobStatus: String?
        var deleted: Bool?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case jobName = "job_name"
            case jobKind = "job_kind"
            case jobParameters = "job_parameters"
            case schedule
            case jobStatus = "job_status"
            case deleted
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }
    }

    struct Execution: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var vendorType: String?
        var vendorId: Int64?
        var status: String?
        var statusMessage: String?
        var metrics: Metrics?
        var trigger: String?
        var extraAttrs: [String: JSONValue]?
        var startTime: String?
        var endTime: String?

        enum CodingKeys: String, CodingKey {
            case id
            case vendorType = "vendor_type"
            case vendorId = "vendor_id"
            case status
            case statusMessage = "status_message"
            case metrics
            case trigger
            case extraAttrs = "extra_attrs"
            case startTime = "start_time"
            case endTime = "end_time"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("vendor_type", .string),
            HarborField("vendor_id", .integer),
            HarborField("status", .string),
            HarborField("status_message", .string),
            HarborField("metrics", .model(Metrics.self)),
            HarborField("trigger", .string),
            HarborField("extra_attrs", .map(.any)),
            HarborField("start_time", .string),
            HarborField("end_time", .string),
        ]
    }

    struct FilterStyle: Codable, Sendable, Equatable {
        var type: String?
        var style: String?
        var values: [String]?

        enum CodingKeys: String, CodingKey {
            case type
            case style
            case values
        }
    }

    struct GCHistory: Codable, Sendable, Equatable {
        var id: Int64?
        var jobName: String?
        var jobKind: String?
        var jobParameters: String?
        var schedule: ScheduleObj?
        var jobStatus: String?
        var deleted: Bool?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case jobName = "job_name"
            case jobKind = "job_kind"
            case jobParameters = "job_parameters"
            case schedule
            case jobStatus = "job_status"
            case deleted
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }
    }

    struct GeneralInfo: Codable, Sendable, Equatable {
        var bannerMessage: String?
        var currentTime: HarborTime?
        var registryUrl: String?
        var externalUrl: String?
        var authMode: String?
        var primaryAuthMode: Bool?
        var projectCreationRestriction: String?
        var selfRegistration: Bool?
        var hasCaRoot: Bool?
        var harborVersion: String?
        var registryStorageProviderName: String?
        var readOnly: Bool?
        var notificationEnable: Bool?
        var authproxySettings: AuthproxySetting?
        var oidcProviderName: String?

        enum CodingKeys: String, CodingKey {
            case bannerMessage = "banner_message"
            case currentTime = "current_time"
            case registryUrl = "registry_url"
            case externalUrl = "external_url"
            case authMode = "auth_mode"
            case primaryAuthMode = "primary_auth_mode"
            case projectCreationRestriction = "project_creation_restriction"
            case selfRegistration = "self_registration"
            case hasCaRoot = "has_ca_root"
            case harborVersion = "harbor_version"
            case registryStorageProviderName = "registry_storage_provider_name"
            case readOnly = "read_only"
            case notificationEnable = "notification_enable"
            case authproxySettings = "authproxy_settings"
            case oidcProviderName = "oidc_provider_name"
        }
    }

    struct Icon: Codable, Sendable, Equatable {
        var contentType: String?
        var content: String?

        enum CodingKeys: String, CodingKey {
            case contentType = "content-type"
            case content
        }
    }

    struct ImmutableRule: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var priority: Int64?
        var disabled: Bool?
        var action: String?
        var template: String?
        var params: [String: JSONValue]?
        var tagSelectors: [ImmutableSelector]?
        var scopeSelectors: [String: [ImmutableSelector]]?

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
            HarborField("tag_selectors", .array(.model(ImmutableSelector.self))),
            HarborField("scope_selectors", .map(.array(.model(ImmutableSelector.self)))),
        ]
    }

    struct ImmutableSelector: Codable, Sendable, Equatable, HarborModel {
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

    struct Instance: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var name: String?
        var description: String?
        var vendor: String?
        var endpoint: String?
        var authMode: String?
        var authInfo: [String: String]?
        var status: String?
        var enabled: Bool?
        var `default`: Bool?
        var insecure: Bool?
        var setupTimestamp: Int64?

        enum CodingKeys: String, CodingKey {
            case id
            case name
            case description
            case vendor
            case endpoint
            case authMode = "auth_mode"
            case authInfo = "auth_info"
            case status
            case enabled
            case `default`
            case insecure
            case setupTimestamp = "setup_timestamp"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("name", .string),
            HarborField("description", .string),
            HarborField("vendor", .string),
            HarborField("endpoint", .string),
            HarborField("auth_mode", .string),
            HarborField("auth_info", .map(.string)),
            HarborField("status", .string),
            HarborField("enabled", .boolean),
            HarborField("default", .boolean),
            HarborField("insecure", .boolean),
            HarborField("setup_timestamp", .integer),
        ]
    }

    struct IntegerConfigItem: Codable, Sendable, Equatable {
        var value: Int64?
        var editable: Bool?

        enum CodingKeys: String, CodingKey {
            case value
            case editable
        }
    }

    struct InternalConfigurationValue: Codable, Sendable, Equatable {
        var value: JSONValue?
        var editable: Bool?

        enum CodingKeys: String, CodingKey {
            case value
            case editable
        }
    }

    struct IsDefault: Codable, Sendable, Equatable, HarborModel {
        var isDefault: Bool?

        enum CodingKeys: String, CodingKey {
            case isDefault = "is_default"
        }

        static let fields: [HarborField] = [
            HarborField("is_default", .boolean)
        ]
    }

    struct JobQueue: Codable, Sendable, Equatable {
        var jobType: String?
        var count: Int64?
        var latency: Int64?
        var paused: Bool?

        enum CodingKeys: String, CodingKey {
            case jobType = "job_type"
            case count
            case latency
            case paused
        }
    }

    struct Label: Codable, Sendable, Equatable, HarborModel {
        var id: Int64?
        var name: String?
        var description: String?
        var color: String?
        var scope: String?
        var projectId: Int64?
        var creationTime: HarborTime?
        var updateTime: HarborTime?

        enum CodingKeys: String, CodingKey {
            case id
            case name
            case description
            case color
            case scope
            case projectId = "project_id"
            case creationTime = "creation_time"
            case updateTime = "update_time"
        }

        static let fields: [HarborField] = [
            HarborField("id", .integer),
            HarborField("name", .string),
            HarborField("description", .string),
            HarborField("color", .string),
            HarborField("scope", .string),
            HarborField("project_id", .integer),
            HarborField("creation_time", .time),
            HarborField("update_time", .time),
        ]
    }

    struct LdapConf: Codable, Sendable, Equatable, HarborModel {
        var ldapUrl: String?
        var ldapSearchDn: String?
        var ldapSearchPassword: String?
        var ldapBaseDn: String?
        var ldapFilter: String?
        var ldapUid: String?
        var ldapScope: Int64?
        var ldapConnectionTimeout: Int64?
        var ldapVerifyCert: Bool?

        enum CodingKeys: String, CodingKey {
            case ldapUrl = "ldap_url"
            case ldapSearchDn = "ldap_search_dn"
            case ldapSearchPassword = "ldap_search_password"
            case ldapBaseDn = "ldap_base_dn"
            case ldapFilter = "ldap_filter"
            case ldapUid = "ldap_uid"
            case ldapScope = "ldap_scope"
            case ldapConnectionTimeout = "ldap_connection_timeout"
            case ldapVerifyCert = "ldap_verify_cert"
        }

        static let fields: [HarborField] = [
            HarborField("ldap_url", .string),
            HarborField("ldap_search_dn", .string),
            HarborField("ldap_search_password", .string),
            HarborField("ldap_base_dn", .string),
            HarborField("ldap_filter", .string),
            HarborField("ldap_uid", .string),
            HarborField("ldap_scope", .integer),
            HarborField("ldap_connection_timeout", .integer),
            HarborField("ldap_verify_cert", .boolean),
        ]
    }

    struct LdapFailedImportUser: Codable, Sendable, Equatable {
        var uid: String?
        var error: String?

        enum CodingKeys: String, CodingKey {
            case uid
            case error
        }
    }

    struct LdapImportUsers: Codable, Sendable, Equatable, HarborModel {
        var ldapUidList: [String]?

        enum CodingKeys: String, CodingKey {
            case ldapUidList = "ldap_uid_list"
        }

        static let fields: [HarborField] = [
            HarborField("ldap_uid_list", .array(.string))
        ]
    }

    struct LdapPingResult: Codable, Sendable, Equatable {
        var success: Bool?
        var message: String?

        enum CodingKeys: String, CodingKey {
            case success
            case message
        }
    }

    struct LdapUser: Codable, Sendable, Equatable {
        var username: String?
        var realname: String?
        var email: String?

        enum CodingKeys: String, CodingKey {
            case username
            case realname
            case email
        }
    }
}
