/// Something that somebody did or was refused: one row of the audit log, before it is written.
package struct AuditEntry: Sendable, Equatable {
    /// Who did it, as people see them: `alice`, `robot$team+ci`, `anonymous`.
    package var `operator`: String
    /// What was done, in a word: `create`, `update`, `delete`, `pull`, `login`.
    package var operation: String
    /// To what kind of thing, in Harbor's words: `artifact`, `project`, `robot`.
    package var resourceType: String
    /// To which: a name where there is one, else a number.
    package var resource: String
    /// The project that it belongs to; either is enough, and neither means the system.
    package var projectID: Int64?
    package var project: String?
    /// The status of HTTP that it was answered with; 0 for what was no request.
    package var status = 0
    /// Whether it was done.
    package var succeeded = true
    /// More about it, for people.
    package var description = ""
    /// The client's address, program and request.
    package var address: String?
    package var userAgent: String?
    package var requestID: String?

    package init(by operator: String, _ operation: String, _ resourceType: String, _ resource: String) {
        self.operator = `operator`
        self.operation = operation
        self.resourceType = resourceType
        self.resource = resource
    }

    /// What Harbor calls its event type: `create_project`.
    package var eventType: String { Self.eventType(operation, resourceType) }

    package static func eventType(_ operation: String, _ resourceType: String) -> String { "\(operation)_\(resourceType)" }

    /// Names longer than this are cut: bytes of a row are kept for long.
    static let longestText = 1024
}

/// A row of the audit log.
package struct AuditRecord: Sendable, Equatable {
    package let id: Int64
    /// UTC microseconds since 1970.
    package let at: Int64
    package let entry: AuditEntry
}
