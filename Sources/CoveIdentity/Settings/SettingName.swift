/// What can be set while the server runs, by Harbor's names (`/configurations`).
package enum SettingName: String, Sendable, CaseIterable {
    case authMode = "auth_mode"
    case primaryAuthMode = "primary_auth_mode"
    // LDAP.
    case ldapURL = "ldap_url"
    case ldapSearchDN = "ldap_search_dn"
    case ldapSearchPassword = "ldap_search_password"
    case ldapBaseDN = "ldap_base_dn"
    case ldapFilter = "ldap_filter"
    case ldapUID = "ldap_uid"
    case ldapScope = "ldap_scope"
    case ldapTimeout = "ldap_timeout"
    case ldapVerifyCertificate = "ldap_verify_cert"
    case ldapGroupBaseDN = "ldap_group_base_dn"
    case ldapGroupSearchFilter = "ldap_group_search_filter"
    case ldapGroupAttributeName = "ldap_group_attribute_name"
    case ldapGroupSearchScope = "ldap_group_search_scope"
    case ldapGroupAdminDN = "ldap_group_admin_dn"
    case ldapGroupMembershipAttribute = "ldap_group_membership_attribute"
    case ldapGroupAttachParallel = "ldap_group_attach_parallel"
    // OpenID Connect.
    case oidcName = "oidc_name"
    case oidcEndpoint = "oidc_endpoint"
    case oidcClientID = "oidc_client_id"
    case oidcClientSecret = "oidc_client_secret"
    case oidcGroupsClaim = "oidc_groups_claim"
    case oidcAdminGroup = "oidc_admin_group"
    case oidcGroupFilter = "oidc_group_filter"
    case oidcScope = "oidc_scope"
    case oidcUserClaim = "oidc_user_claim"
    case oidcVerifyCertificate = "oidc_verify_cert"
    case oidcAutoOnboard = "oidc_auto_onboard"
    case oidcExtraRedirectParameters = "oidc_extra_redirect_parms"
    case oidcLogout = "oidc_logout"
    // Who may do what, for how long.
    case selfRegistration = "self_registration"
    case projectCreationRestriction = "project_creation_restriction"
    case readOnly = "read_only"
    case tokenExpiration = "token_expiration"
    case sessionTimeout = "session_timeout"
    case robotTokenDuration = "robot_token_duration"
    case robotNamePrefix = "robot_name_prefix"
    case quotaPerProjectEnable = "quota_per_project_enable"
    case storagePerProject = "storage_per_project"
    case notificationEnable = "notification_enable"
    case auditLogForwardEndpoint = "audit_log_forward_endpoint"
    case skipAuditLogDatabase = "skip_audit_log_database"
    case disabledAuditLogEventTypes = "disabled_audit_log_event_types"
    case bannerMessage = "banner_message"
    // Of Harbor's features that are not here.
    case scannerSkipUpdatePulltime = "scanner_skip_update_pulltime"
    case uaaClientID = "uaa_client_id"
    case uaaClientSecret = "uaa_client_secret"
    case uaaEndpoint = "uaa_endpoint"
    case uaaVerifyCertificate = "uaa_verify_cert"
    case httpAuthProxyEndpoint = "http_authproxy_endpoint"
    case httpAuthProxyTokenReviewEndpoint = "http_authproxy_tokenreview_endpoint"
    case httpAuthProxyAdminGroups = "http_authproxy_admin_groups"
    case httpAuthProxyAdminUsernames = "http_authproxy_admin_usernames"
    case httpAuthProxyVerifyCertificate = "http_authproxy_verify_cert"
    case httpAuthProxySkipSearch = "http_authproxy_skip_search"
    case httpAuthProxyServerCertificate = "http_authproxy_server_certificate"
}

/// The value of a setting.
package enum SettingValue: Sendable, Equatable {
    case text(String)
    case integer(Int64)
    case boolean(Bool)

    /// As it is kept.
    package var stored: String {
        switch self {
        case .text(let text): text
        case .integer(let number): String(number)
        case .boolean(let flag): flag ? "true" : "false"
        }
    }

    /// Reads what ``stored`` wrote; nil for what is not of the same kind as `model`.
    package init?(stored: String, like model: SettingValue) {
        switch model {
        case .text: self = .text(stored)
        case .integer:
            guard let number = Int64(stored) else { return nil }
            self = .integer(number)
        case .boolean:
            guard stored == "true" || stored == "false" else { return nil }
            self = .boolean(stored == "true")
        }
    }
}

/// Why a setting is not taken, in words for who sent it.
package struct SettingRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// Out of range, of the wrong kind, or of a feature that is not here.
        case value
        /// It cannot be changed now, or not here.
        case fixed
    }

    package let kind: Kind
    /// Begins with the setting's name.
    package let description: String

    init(_ name: SettingName, _ reason: String, _ kind: Kind = .value) {
        self.kind = kind
        description = "\(name.rawValue): \(reason)"
    }
}
