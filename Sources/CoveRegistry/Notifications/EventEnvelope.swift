import CoveMetadata
import CoveOCI
import Foundation

/// The body of a notification: the event envelope of Distribution 2.8 (`notifications/event.go`), with one event in it.
/// What is empty is left out, but for the three fields of a request that Distribution always writes.
struct EventEnvelope: Encodable, Equatable {
    /// Distribution 3 calls the same fields `…events.v2+json`.
    static let mediaType = "application/vnd.docker.distribution.events.v1+json"

    struct Event: Encodable, Equatable {
        let id: String
        /// RFC 3339 in UTC, of as many decimals as needed.
        let timestamp: String
        let action: String
        let target: Target
        let request: Request
        let actor: Actor
        let source: Source
    }

    struct Target: Encodable, Equatable {
        var mediaType: String?
        /// Bytes; ``length`` is the same for receivers older than Distribution 2.1.
        var size: Int64?
        var digest: String?
        var length: Int64?
        var repository: String
        var fromRepository: String?
        var url: String?
        var tag: String?
        var references: [EventReference]?
    }

    struct Request: Encodable, Equatable {
        let id: String
        let addr: String?
        let host: String?
        let method: String
        let useragent: String
    }

    struct Actor: Encodable, Equatable {
        let name: String?
    }

    struct Source: Encodable, Equatable {
        let addr: String?
        let instanceID: String?
    }

    let events: [Event]

    /// - Parameters:
    ///   - store: what tells this store's events from those of others.
    ///   - copy: which of the events that the row stands for.
    ///   - references: what the manifest refers to, if that is to be said.
    init(_ recorded: RecordedEvent, copy: Int, of store: String, references: [EventReference]? = nil) {
        let origin = recorded.event.origin
        events = [
            Event(
                id: Self.id(of: recorded.id, copy: copy, store), timestamp: Self.timestamp(recorded.at),
                action: recorded.event.action.rawValue, target: Self.target(recorded.event, references),
                request: Request(
                    id: origin.requestID ?? "", addr: origin.address, host: origin.host, method: origin.method ?? "",
                    useragent: origin.userAgent ?? ""),
                actor: Actor(name: origin.actor),
                source: Source(addr: recorded.source?.address, instanceID: recorded.source?.instance))
        ]
    }

    /// What is sent. The same bytes each time for the same event.
    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// A deletion names what is gone by its digest, or by its tag alone; the rest says all.
    private static func target(_ event: CoveMetadata.Event, _ references: [EventReference]?) -> Target {
        var target = Target(repository: event.repository.description)
        target.tag = event.tag?.description
        if event.action == .delete {
            if event.tag == nil { target.digest = event.digest?.description }
            return target
        }
        target.mediaType = event.mediaType
        target.digest = event.digest?.description
        if let size = event.size, size > 0 { (target.size, target.length) = (size, size) }
        target.fromRepository = event.fromRepository?.description
        target.references = references
        if let base = event.origin.baseURL, let digest = event.digest {
            let kind = event.isOfBlob ? "blobs" : "manifests"
            target.url = "\(base)/v2/\(event.repository)/\(kind)/\(digest)"
        }
        return target
    }

    /// A UUID that is the same at each delivery (RFC 9562, version 8).
    private static func id(of event: Int64, copy: Int, _ store: String) -> String {
        var bytes = Array(Digest.of("\(store)/\(event)/\(copy)".utf8).storageKey.dropFirst().prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { hex[$0].joined() }.joined(separator: "-")
    }

    private static func timestamp(_ microseconds: Int64) -> String {
        var seconds = time_t(microseconds / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        var fraction = String(String(1_000_000 + microseconds % 1_000_000).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))\(fraction.isEmpty ? "" : ".")\(fraction)Z"
    }
}

extension CoveMetadata.Event {
    /// Whether it is about a blob rather than a manifest.
    var isOfBlob: Bool { mediaType == "application/octet-stream" }
}
