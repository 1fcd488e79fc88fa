// Hidden from importers: its headers would else pass for the owners of what C structures have in files that import Foundation alone.
internal import CLDAP
import Foundation

/// Distinguished names (RFC 4514).
package enum LDAPName {
    /// A name as it is compared: in the form that libldap writes, in lower case. Nil for what is none.
    package static func normalized(_ name: String) -> String? { canonical(name)?.lowercased() }

    /// A name in the form that libldap writes: without spaces between its parts. Nil for what is none.
    package static func canonical(_ name: String) -> String? {
        guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
        var output: UnsafeMutablePointer<CChar>?
        guard ldap_dn_normalize(name, UInt32(LDAP_DN_FORMAT_LDAP), &output, UInt32(LDAP_DN_FORMAT_LDAPV3)) == LDAP_SUCCESS, let output
        else { return nil }
        defer { ldap_memfree(output) }
        return String(cString: output)
    }

    /// A value as it may stand in a name: `cn=` and this (section 2.4).
    package static func escape(_ value: String) -> String {
        var escaped = ""
        let scalars = Array(value.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let isAtEnd = index == 0 || index == scalars.count - 1
            switch scalar {
            case "\0": escaped += "\\00"
            case "\"", "+", ",", ";", "<", ">", "\\", "=": escaped += "\\\(scalar)"
            case " " where isAtEnd: escaped += "\\ "
            case "#" where index == 0: escaped += "\\#"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Whether a name is the base or below it. Both ``normalized(_:)``.
    static func isWithin(_ name: String, _ base: String) -> Bool { name == base || name.hasSuffix(",\(base)") }
}
