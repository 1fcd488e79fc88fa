import CoveConfiguration
import CoveMetadata
import Foundation

/// The audit log as JSON lines: an object a line, from the oldest entry to the newest.
package struct AuditExport: Sendable {
    /// Entries from this time on, and before that one; microseconds since 1970.
    package var start: Int64?
    package var end: Int64?
    /// Only those of this project.
    package var project: String?

    private static let page = 1000

    package init() {}

    /// Times as `op_time` takes them in Harbor's API.
    package static func time(_ text: String) -> Int64? { ListColumn.time(text) }

    /// Reads the store that a configuration names. A server may be running.
    ///
    /// - Returns: how many entries there were.
    /// - Throws: ``ServeError``; what `write` throws.
    package func run(_ configuration: Configuration, _ write: (Data) throws -> Void) async throws -> Int {
        let source = MetadataSource(configuration)
        if case .sqlite(let path) = source.location, !FileManager.default.fileExists(atPath: path) {
            throw ServeError("there is no metadata at '\(path)'; name the configuration of the server with --config")
        }
        let metadata = try await source.open()
        var last: Int64 = 0
        var count = 0
        while true {
            let records = try await metadata.read { [self, last] store in
                try store.auditRecords(after: last, from: start, until: end, project: project, limit: Self.page)
            }
            var lines = Data()
            for record in records {
                lines.append(try Self.line(record))
                lines.append(UInt8(ascii: "\n"))
            }
            try write(lines)
            count += records.count
            guard records.count == Self.page, let newest = records.last else { break }
            last = newest.id
        }
        try await metadata.close()
        return count
    }

    private struct Line: Encodable {
        let id: Int64
        let time: HarborTime
        let `operator`: String
        let operation: String
        let resourceType: String
        let resource: String
        let project: String?
        let projectId: Int64?
        let success: Bool
        let status: Int?
        let description: String
        let address: String?
        let userAgent: String?
        let requestId: String?
    }

    static func line(_ record: AuditRecord) throws -> Data {
        let entry = record.entry
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try encoder.encode(
            Line(
                id: record.id, time: HarborTime(record.at), operator: entry.operator, operation: entry.operation,
                resourceType: entry.resourceType, resource: entry.resource, project: entry.project, projectId: entry.projectID,
                success: entry.succeeded, status: entry.status == 0 ? nil : entry.status, description: entry.description,
                address: entry.address, userAgent: entry.userAgent, requestId: entry.requestID))
    }
}
