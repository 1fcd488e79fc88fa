// Hidden from importers: its headers would else pass for the owners of what C structures have in files that import Foundation alone.
internal import CLDAP
import Foundation

/// An entry of a directory.
package struct LDAPEntry: Sendable, Equatable {
    package let dn: String
    /// By name in lower case. Values that are no text are left out.
    package let attributes: [String: [String]]

    package func values(_ attribute: String) -> [String] { attributes[attribute.lowercased()] ?? [] }
    package func first(_ attribute: String) -> String? { values(attribute).first { !$0.isEmpty } }
}

/// One connection to a directory, used by one thread. Every call blocks, at most for the timeout and a little.
final class LDAPConnection {
    private let handle: OpaquePointer
    private let timeout: timeval

    /// - Throws: ``LDAPError``.
    init(_ options: LDAPOptions) throws(LDAPError) {
        timeout = timeval(tv_sec: Int(options.timeout), tv_usec: 0)
        var made: OpaquePointer?
        let code = ldap_initialize(&made, options.server.url)
        guard code == LDAP_SUCCESS, let made else { throw .misconfigured("ldap_url: \(Self.text(code))") }
        handle = made
        try set(LDAP_OPT_PROTOCOL_VERSION, 3)
        // What a directory refers to elsewhere would be asked with these credentials.
        ldap_set_option(handle, LDAP_OPT_REFERRALS, UnsafeRawPointer(bitPattern: 0))
        withUnsafePointer(to: timeout) { pointer in
            _ = ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, pointer)
            _ = ldap_set_option(handle, LDAP_OPT_TIMEOUT, pointer)
        }
        if options.server.security != .none { try secure(options) }
    }

    deinit { ldap_unbind_ext_s(handle, nil, nil) }

    private func set(_ option: Int32, _ value: Int32) throws(LDAPError) {
        let code = withUnsafePointer(to: value) { ldap_set_option(handle, option, $0) }
        guard code == LDAP_OPT_SUCCESS else { throw .misconfigured("the LDAP library refuses option \(option)") }
    }

    private static let authorities = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]

    private func secure(_ options: LDAPOptions) throws(LDAPError) {
        let file =
            ProcessInfo.processInfo.environment["SSL_CERT_FILE"]
            ?? Self.authorities.first { FileManager.default.isReadableFile(atPath: $0) }
        if let file { _ = file.withCString { ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, $0) } }
        try set(LDAP_OPT_X_TLS_REQUIRE_CERT, options.verifiesCertificate ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER)
        // Makes what was set before it act on this connection.
        try set(LDAP_OPT_X_TLS_NEWCTX, 0)
        guard options.server.security == .startTLS else { return }
        let code = ldap_start_tls_s(handle, nil, nil)
        guard code == LDAP_SUCCESS else { throw .unreachable("\(reason(code)) (StartTLS)") }
    }

    /// Logs in; with an empty name as nobody.
    ///
    /// - Throws: ``LDAPError``.
    func bind(_ dn: String, password: String) throws(LDAPError) {
        // With a name and without a password, many directories let anybody in (RFC 4513 section 5.1.2).
        guard dn.isEmpty || !password.isEmpty else { throw .invalidCredentials }
        guard !dn.utf8.contains(0), !password.utf8.contains(0) else { throw .invalidCredentials }
        var bytes = Array(password.utf8CString)
        let code = bytes.withUnsafeMutableBufferPointer { buffer in
            var credentials = berval(bv_len: ber_len_t(buffer.count - 1), bv_val: buffer.baseAddress)
            return ldap_sasl_bind_s(handle, dn, nil, &credentials, nil, nil, nil)
        }
        try check(code)
    }

    /// - Parameter limit: more entries than that are not asked for.
    /// - Returns: nothing where the base is not there.
    /// - Throws: ``LDAPError``.
    func search(
        _ base: String, _ scope: LDAPOptions.Scope, _ filter: String, _ attributes: [String], limit: Int32
    ) throws(LDAPError) -> [LDAPEntry] {
        var names: [UnsafeMutablePointer<CChar>?] = attributes.map { strdup($0) } + [nil]
        defer { for name in names { free(name) } }
        var message: OpaquePointer?
        var time = timeout
        let code = ldap_search_ext_s(handle, base, Int32(scope.rawValue), filter, &names, 0, nil, nil, &time, limit, &message)
        defer { if let message { ldap_msgfree(message) } }
        if code == LDAP_NO_SUCH_OBJECT { return [] }
        if code != LDAP_SIZELIMIT_EXCEEDED { try check(code) }
        var entries: [LDAPEntry] = []
        var next = ldap_first_entry(handle, message)
        while let entry = next {
            entries.append(read(entry))
            next = ldap_next_entry(handle, entry)
        }
        return entries
    }

    private func read(_ entry: OpaquePointer) -> LDAPEntry {
        var dn = ""
        if let name = ldap_get_dn(handle, entry) {
            dn = String(cString: name)
            ldap_memfree(name)
        }
        var attributes: [String: [String]] = [:]
        var ber: OpaquePointer?
        var next = ldap_first_attribute(handle, entry, &ber)
        while let name = next {
            attributes[String(cString: name).lowercased()] = values(entry, name)
            ldap_memfree(name)
            next = ldap_next_attribute(handle, entry, ber)
        }
        ber_free(ber, 0)
        return LDAPEntry(dn: dn, attributes: attributes)
    }

    private func values(_ entry: OpaquePointer, _ name: UnsafePointer<CChar>) -> [String] {
        guard let values = ldap_get_values_len(handle, entry, name) else { return [] }
        defer { ldap_value_free_len(values) }
        return (0..<Int(ldap_count_values_len(values))).compactMap { index in
            guard let value = values[index]?.pointee, let start = value.bv_val else { return nil }
            return String(validating: UnsafeRawBufferPointer(start: start, count: Int(value.bv_len)), as: UTF8.self)
        }
    }

    // MARK: - Failures

    private func check(_ code: Int32) throws(LDAPError) {
        switch code {
        case LDAP_SUCCESS: return
        case LDAP_INVALID_CREDENTIALS: throw .invalidCredentials
        case LDAP_SERVER_DOWN, LDAP_TIMEOUT, LDAP_CONNECT_ERROR, LDAP_UNAVAILABLE, LDAP_BUSY: throw .unreachable(reason(code))
        case LDAP_INVALID_DN_SYNTAX, LDAP_FILTER_ERROR:
            throw .misconfigured("the LDAP server does not understand a name or a filter: \(reason(code))")
        default: throw .refused(reason(code))
        }
    }

    /// What the library and the server say of a failure.
    private func reason(_ code: Int32) -> String {
        var said: UnsafeMutablePointer<CChar>?
        ldap_get_option(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &said)
        guard let said else { return Self.text(code) }
        defer { ldap_memfree(said) }
        let details = String(cString: said)
        return details.isEmpty ? Self.text(code) : "\(Self.text(code)) (\(details.prefix(200)))"
    }

    private static func text(_ code: Int32) -> String { String(cString: ldap_err2string(code)) }
}
