import Foundation

/// What a setting may be, what it is as long as nobody has set it, and whether it is told.
package struct SettingRule: Sendable {
    package let usual: SettingValue
    /// Never told by any API.
    package private(set) var isSecret = false
    /// Nil for what acts; else why it can only be what it is.
    package private(set) var absence: String?
    private var reason: @Sendable (SettingValue) -> String? = { _ in nil }

    private init(_ usual: SettingValue) { self.usual = usual }

    /// - Throws: ``SettingRefusal`` that says what is allowed.
    package func check(_ value: SettingValue, of name: SettingName) throws(SettingRefusal) {
        switch (value, usual) {
        case (.text(let text), .text):
            guard text.utf8.count <= Self.longest, !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
            else { throw SettingRefusal(name, "at most \(Self.longest) bytes are allowed, and no control characters") }
        case (.integer, .integer), (.boolean, .boolean): break
        case (_, .text): throw SettingRefusal(name, "it must be a text")
        case (_, .integer): throw SettingRefusal(name, "it must be a whole number")
        case (_, .boolean): throw SettingRefusal(name, "it must be true or false")
        }
        if let absence, value != usual { throw SettingRefusal(name, absence) }
        if let reason = reason(value) { throw SettingRefusal(name, reason) }
    }

    /// In bytes.
    private static let longest = 4096

    // MARK: - Kinds

    private static func text(_ usual: String = "", _ reason: @escaping @Sendable (String) -> String? = { _ in nil }) -> SettingRule {
        var rule = SettingRule(.text(usual))
        rule.reason = { value in
            guard case .text(let text) = value else { return nil }
            return reason(text)
        }
        return rule
    }

    private static var secret: SettingRule {
        var rule = text()
        rule.isSecret = true
        return rule
    }

    private static func word(_ words: [String]) -> SettingRule {
        text(words[0]) { words.contains($0) ? nil : "'\($0.prefix(60))' is not one of \(words.joined(separator: ", "))" }
    }

    private static func integer(_ usual: Int64, in range: ClosedRange<Int64>, or exception: Int64? = nil) -> SettingRule {
        var rule = SettingRule(.integer(usual))
        rule.reason = { value in
            guard case .integer(let number) = value, !range.contains(number), number != exception else { return nil }
            let other = exception.map { ", or \($0)" } ?? ""
            return "\(number) is not from \(range.lowerBound) to \(range.upperBound)\(other)"
        }
        return rule
    }

    private static func flag(_ usual: Bool) -> SettingRule { SettingRule(.boolean(usual)) }

    private func absent(_ what: String) -> SettingRule {
        var rule = self
        rule.absence = what
        return rule
    }

    private static func absentText(_ what: String) -> SettingRule { text().absent(what) }

    /// - Parameter schemes: those that the URL may have.
    private static func url(_ schemes: [String]) -> SettingRule {
        text { text in
            if text.isEmpty { return nil }
            let url = URL(string: text)
            guard let url, let scheme = url.scheme?.lowercased(), schemes.contains(scheme), url.host().map({ !$0.isEmpty }) ?? false else {
                return "'\(text.prefix(120))' is no URL such as \(schemes[0])://host"
            }
            return url.user() == nil ? nil : "the URL must not have a user name or a password"
        }
    }

    // MARK: - The table

    /// Every setting's rule.
    package static func of(_ name: SettingName) -> SettingRule {
        switch name {
        case .authMode: word(["db_auth", "ldap_auth", "oidc_auth"])
        case .primaryAuthMode, .selfRegistration, .readOnly, .skipAuditLogDatabase, .oidcAutoOnboard, .oidcLogout: flag(false)
        case .ldapVerifyCertificate, .oidcVerifyCertificate, .quotaPerProjectEnable, .notificationEnable: flag(true)
        case .ldapURL: ldapURL
        case .ldapSearchDN, .ldapBaseDN, .ldapGroupBaseDN, .ldapGroupAdminDN: text()
        case .ldapSearchPassword, .oidcClientSecret: secret
        case .ldapFilter, .ldapGroupSearchFilter: text { $0.isEmpty ? nil : LDAPFilter.problem(of: $0) }
        case .ldapUID: attribute("cn")
        case .ldapGroupAttributeName: attribute("cn")
        case .ldapGroupMembershipAttribute: attribute("memberof")
        case .ldapScope, .ldapGroupSearchScope: integer(2, in: 0...2)
        case .ldapTimeout: integer(5, in: 1...60)
        case .ldapGroupAttachParallel:
            flag(false).absent("all groups of a user are found by one search here, so there is nothing to do in parallel")
        case .oidcName, .oidcClientID, .oidcGroupsClaim, .oidcAdminGroup, .oidcUserClaim: text()
        case .oidcEndpoint: url(["https", "http"])
        case .oidcGroupFilter: text { (try? Regex($0)) == nil ? "'\($0.prefix(60))' is no regular expression" : nil }
        case .oidcScope:
            text("openid") {
                $0.split(separator: ",").contains { $0.trimmingPrefix(" ") == "openid" }
                    ? nil : "the scopes, separated by commas, must have openid among them"
            }
        case .oidcExtraRedirectParameters:
            text("{}") {
                (try? JSONDecoder().decode([String: String].self, from: Data($0.utf8))) == nil ? "it must be a JSON object of texts" : nil
            }
        case .projectCreationRestriction: word(["everyone", "adminonly"])
        case .tokenExpiration: integer(30, in: 1...1440)
        case .sessionTimeout: integer(60, in: 1...43_200)
        case .robotTokenDuration: integer(30, in: 1...36_500, or: -1)
        case .robotNamePrefix: robotPrefix
        case .storagePerProject: integer(-1, in: 1...(1 << 50), or: -1)
        case .auditLogForwardEndpoint:
            text { text in
                if text.isEmpty { return nil }
                let parts = text.replacing("udp://", with: "").replacing("tcp://", with: "").split(separator: ":")
                let isAddress = parts.count >= 2 && (parts.last.flatMap { UInt16($0) } ?? 0) > 0
                return isAddress ? nil : "'\(text.prefix(120))' is no address of a syslog server such as host:514"
            }
        case .disabledAuditLogEventTypes: text()
        case .bannerMessage: text()
        case .scannerSkipUpdatePulltime: flag(false).absent("this version scans nothing")
        case .uaaClientID, .uaaEndpoint: absentText("UAA is not a way to log in here; use ldap_auth or oidc_auth")
        case .uaaClientSecret: secret.absent("UAA is not a way to log in here; use ldap_auth or oidc_auth")
        case .uaaVerifyCertificate: flag(true).absent("UAA is not a way to log in here; use ldap_auth or oidc_auth")
        case .httpAuthProxyEndpoint, .httpAuthProxyTokenReviewEndpoint, .httpAuthProxyAdminGroups, .httpAuthProxyAdminUsernames,
            .httpAuthProxyServerCertificate:
            absentText("an HTTP auth proxy is not a way to log in here; use ldap_auth or oidc_auth")
        case .httpAuthProxyVerifyCertificate:
            flag(true).absent("an HTTP auth proxy is not a way to log in here; use ldap_auth or oidc_auth")
        case .httpAuthProxySkipSearch: flag(false).absent("an HTTP auth proxy is not a way to log in here; use ldap_auth or oidc_auth")
        }
    }

    private static var ldapURL: SettingRule {
        text { text in
            if text.isEmpty { return nil }
            return LDAPServer(parsing: text) == nil ? "'\(text.prefix(120))' is no URL such as ldaps://host or ldap://host:389" : nil
        }
    }

    /// A name of an LDAP attribute (RFC 4512 section 2.5), or its number.
    private static func attribute(_ usual: String) -> SettingRule {
        text(usual) { text in
            let isName =
                !text.isEmpty && text.utf8.allSatisfy { $0.isLetterDigitOrHyphen || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ";") }
            return isName ? nil : "'\(text.prefix(60))' is no name of an attribute"
        }
    }

    private static var robotPrefix: SettingRule {
        text("robot$") { text in
            let isPlain =
                (1...32).contains(text.utf8.count)
                && text.unicodeScalars.allSatisfy { (0x21...0x7E).contains($0.value) && !":+/\"\\".unicodeScalars.contains($0) }
            return isPlain ? nil : "'\(text.prefix(40))' must be 1 to 32 plain characters without quotes, spaces, ':', '+' and '/'"
        }
    }
}

extension UInt8 {
    fileprivate var isLetterDigitOrHyphen: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"): true
        default: false
        }
    }
}
