/// How much a project may hold.
package struct ProjectLimit: Sendable, Equatable {
    /// For whatever has no limit.
    package static let none: Int64 = -1

    /// In bytes; -1 for no limit.
    package var storage: Int64
    /// Tags in all of its repositories; -1 for no limit.
    package var tags: Int64

    package init(storage: Int64 = Self.none, tags: Int64 = Self.none) {
        self.storage = storage
        self.tags = tags
    }

    package var isLimiting: Bool { storage >= 0 || tags >= 0 }
}

/// What a project holds: blobs that its repositories hold and manifests, each content once, and tags. Blobs whose last manifest in
/// a repository is gone are left out: they are there only until garbage is collected.
package struct ProjectUsage: Sendable, Equatable {
    /// In bytes.
    package var storage: Int64
    package var tags: Int64

    package init(storage: Int64 = 0, tags: Int64 = 0) {
        self.storage = storage
        self.tags = tags
    }
}

/// A project would hold more than it may. Nothing was written.
package struct QuotaExceeded: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Resource: String, Sendable {
        /// In bytes.
        case storage
        case tag
    }

    package let resource: Resource
    package let added: Int64
    package let used: Int64
    package let limit: Int64

    package init(_ resource: Resource, adding added: Int64, to used: Int64, of limit: Int64) {
        self.resource = resource
        self.added = added
        self.used = used
        self.limit = limit
    }

    /// In the words that people know from Harbor.
    package var description: String {
        func amount(_ count: Int64) -> String { resource == .storage ? Self.bytes(count) : "\(count)" }
        return "adding \(amount(added)) of \(resource.rawValue) resource, which when updated to current usage of \(amount(used)) "
            + "will exceed the configured upper limit of \(amount(limit))."
    }

    /// `1.5 MiB`
    package static func bytes(_ count: Int64) -> String {
        guard count >= 1024 else { return "\(count).0 Byte" }
        var amount = Double(count)
        var unit = 0
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        repeat {
            amount /= 1024
            unit += 1
        } while amount >= 1024 && unit < units.count
        let tenths = Int64((amount * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit - 1])"
    }
}

/// A tag that a rule keeps as it is would be moved or removed. Nothing was written.
package struct ImmutableTag: Error, Sendable, Equatable {
    package let repository: String
    package let tag: String

    package init(repository: String, tag: String) {
        self.repository = repository
        self.tag = tag
    }
}
