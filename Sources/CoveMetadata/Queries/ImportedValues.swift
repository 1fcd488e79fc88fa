import CoveOCI
import Foundation

/// A blob that lies where registry:2 left it.
package struct FoundBlob: Sendable, Equatable {
    package let digest: Digest
    /// Bytes.
    package let size: Int64
    package let location: String
    /// UTC microseconds since 1970.
    package let createdAt: Int64

    package init(digest: Digest, size: Int64, location: String, createdAt: Int64) {
        self.digest = digest
        self.size = size
        self.location = location
        self.createdAt = createdAt
    }
}

/// A manifest as registry:2 kept it.
package struct FoundManifest: Sendable {
    package let digest: Digest
    package let manifest: Manifest
    package let payload: Data
    package let references: [ManifestReference]
    /// UTC microseconds since 1970.
    package let createdAt: Int64

    package init(digest: Digest, manifest: Manifest, payload: Data, references: [ManifestReference], createdAt: Int64) {
        self.digest = digest
        self.manifest = manifest
        self.payload = payload
        self.references = references
        self.createdAt = createdAt
    }
}

/// A tag as registry:2 kept it.
package struct FoundTag: Sendable, Equatable {
    package struct Move: Sendable, Equatable {
        package let digest: Digest
        /// UTC microseconds since 1970.
        package let at: Int64

        package init(digest: Digest, at: Int64) {
            self.digest = digest
            self.at = at
        }
    }

    package let tag: Tag
    package let current: Move
    /// What it pointed at before, oldest first.
    package let earlier: [Move]

    package init(tag: Tag, current: Move, earlier: [Move]) {
        self.tag = tag
        self.current = current
        self.earlier = earlier
    }
}
