import Foundation

/// Where an LDAP server is, and how it is spoken to.
package struct LDAPServer: Sendable, Equatable {
    package enum Security: Sendable, Equatable {
        /// Passwords pass readably. For a server on this machine.
        case none
        /// TLS from the first byte: `ldaps://`.
        case tls
        /// TLS before anything is said, on the usual port: `ldap+starttls://` (RFC 4511 section 4.14).
        case startTLS
    }

    package let host: String
    package let port: Int
    package let security: Security

    /// Reads `ldaps://host`, `ldap://host:389`, `ldap+starttls://host`; without a scheme it is `ldap`, or with port 636 `ldaps`, as in
    /// Harbor. Nil for anything else.
    package init?(parsing text: String) {
        let hasScheme = text.contains("://")
        guard let url = URL(string: hasScheme ? text : "ldap://\(text)"), let host = url.host(), !host.isEmpty, url.user() == nil,
            url.path().isEmpty || url.path() == "/", url.query() == nil, url.fragment() == nil,
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        switch url.scheme?.lowercased() {
        case "ldap": security = !hasScheme && url.port == 636 ? .tls : .none
        case "ldaps": security = .tls
        case "ldap+starttls": security = .startTLS
        default: return nil
        }
        let usual = security == .tls ? 636 : 389
        guard (1...65_535).contains(url.port ?? usual) else { return nil }
        self.host = host
        port = url.port ?? usual
    }

    /// For libldap, which is told of StartTLS otherwise.
    var url: String {
        let name = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        return "\(security == .tls ? "ldaps" : "ldap")://\(name):\(port)"
    }
}
