import CoveMetadata
import Foundation
import NIOCore

/// An entry of the audit log as a message of syslog (RFC 5424): what happened as structured data, and in words.
enum SyslogMessage {
    /// Facility 13 (log audit); informational for what was done, warning for what was refused.
    private static func priority(_ entry: AuditEntry) -> Int { 13 * 8 + (entry.succeeded ? 6 : 4) }
    /// Of the name space that RFC 5612 keeps for examples and documentation: Cove has no number of its own.
    private static let structuredID = "audit@32473"
    /// Receivers take at least 2048 bytes (RFC 5424, section 6.1); long values are cut.
    private static let longestValue = 400

    static func text(_ record: AuditRecord, host: String) -> String {
        let entry = record.entry
        var fields: [(String, String)] = [
            ("id", "\(record.id)"), ("operator", entry.operator), ("operation", entry.operation), ("type", entry.resourceType),
            ("resource", entry.resource), ("result", entry.succeeded ? "success" : "failure"),
        ]
        if entry.status != 0 { fields.append(("status", "\(entry.status)")) }
        if let project = entry.project { fields.append(("project", project)) }
        if let address = entry.address { fields.append(("address", address)) }
        if let userAgent = entry.userAgent { fields.append(("userAgent", userAgent)) }
        if let requestID = entry.requestID { fields.append(("requestId", requestID)) }
        let data = fields.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: " ")
        let words = clean("\(entry.operator) \(entry.operation) \(entry.resourceType) \(entry.resource): \(entry.description)")
        // With a byte order mark, the text is UTF-8 (section 6.4).
        return "<\(priority(entry))>1 \(time(record.at)) \(header(host, 255)) cove \(ProcessInfo.processInfo.processIdentifier) "
            + "\(header(entry.eventType, 32)) [\(structuredID) \(data)] \u{FEFF}\(words)"
    }

    /// Over TCP and TLS each message has its length before it (RFC 5425, section 4.3).
    static func framed(_ text: String) -> String { "\(text.utf8.count) \(text)" }

    private static func time(_ microseconds: Int64) -> String {
        let whole = Date(timeIntervalSince1970: Double(microseconds / 1_000_000)).formatted(Date.ISO8601FormatStyle())
        let digits = String(microseconds % 1_000_000)
        return "\(whole.dropLast()).\(String(repeating: "0", count: 6 - digits.count))\(digits)Z"
    }

    /// A field of the header: printable ASCII without spaces.
    private static func header(_ text: String, _ longest: Int) -> String {
        let plain = String(String.UnicodeScalarView(text.unicodeScalars.filter { (0x21...0x7E).contains($0.value) }.prefix(longest)))
        return plain.isEmpty ? "-" : plain
    }

    private static func escaped(_ value: String) -> String {
        clean(value).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("]", with: "\\]")
    }

    private static func clean(_ text: String) -> String {
        let cut = text.utf8.count > longestValue ? String(text.prefix(longestValue / 4)) + "…" : text
        return String(String.UnicodeScalarView(cut.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}
