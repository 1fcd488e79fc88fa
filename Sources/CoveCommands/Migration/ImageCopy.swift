import CoveClient
import CoveOCI
import Foundation
import NIOCore

/// Copies what is in a repository from one registry to another, under the same name. What is there is passed over.
struct ImageCopy: Sendable {
    private static let tries = 3
    private static let blobsAtOnce = 3
    /// Indexes in indexes beyond this are an attack, or a mistake.
    private static let mostDepth = 8

    let repository: String
    let source: RegistryClient
    let target: RegistryClient
    let report: MigrationReport
    let dryRun: Bool

    /// Copies a manifest with all that it needs, by its digest.
    func manifest(_ digest: Digest, depth: Int = 0) async throws(ClientError) {
        if try await there(.digest(digest)) != nil {
            report.count { $0.knownManifests += 1 }
            return
        }
        guard !dryRun else { return report.count { $0.manifests += 1 } }
        guard depth < Self.mostDepth else { throw .invalidAnswer("indexes in indexes, more than \(Self.mostDepth) deep") }
        let remote = try await source.manifest(.digest(digest), in: repository)
        guard let parsed = try? Manifest(parsing: Data(remote.payload.readableBytesView), contentType: remote.mediaType) else {
            throw .invalidAnswer("manifest \(digest) is none that can be read")
        }
        for child in parsed.manifests { try await self.child(child.digest, depth + 1) }
        let blobs = ([parsed.config].compactMap { $0 } + parsed.layers).filter { $0.urls.isEmpty }
        try await copy(blobs)
        try await target.pushManifest(remote, as: .digest(digest), to: repository)
        report.count { $0.manifests += 1 }
    }

    /// Copies where a tag points.
    func tag(_ name: String) async throws(ClientError) {
        guard let tag = try? Tag(parsing: name), let digest = try await source.digest(of: .tag(tag), in: repository) else { return }
        guard try await there(.tag(tag)) != digest else { return report.count { $0.knownTags += 1 } }
        if !dryRun {
            try await manifest(digest)
            try await target.pushManifest(try await source.manifest(.digest(digest), in: repository), as: .tag(tag), to: repository)
        }
        report.count { $0.tags += 1 }
    }

    /// In a dry run the project, and so the right to ask, may not be there yet.
    private func there(_ reference: Reference) async throws(ClientError) -> Digest? {
        do throws(ClientError) {
            return try await target.digest(of: reference, in: repository, isPushing: !dryRun)
        } catch {
            if dryRun, case .denied = error { return nil }
            throw error
        }
    }

    /// Some registries have indexes of which not every image is there.
    private func child(_ digest: Digest, _ depth: Int) async throws(ClientError) {
        do throws(ClientError) {
            try await manifest(digest, depth: depth)
        } catch {
            guard case .notFound = error else { throw error }
        }
    }

    private func copy(_ blobs: [Descriptor]) async throws(ClientError) {
        var waiting = Dictionary(blobs.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first }).values.makeIterator()
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                func begin() {
                    guard let blob = waiting.next() else { return }
                    group.addTask { try await copy(blob) }
                }
                for _ in 0..<Self.blobsAtOnce { begin() }
                while try await group.next() != nil { begin() }
            }
        } catch {
            throw error as? ClientError ?? .unreachable("\(error)")
        }
    }

    private func copy(_ blob: Descriptor) async throws(ClientError) {
        guard try await !target.hasBlob(blob.digest, in: repository) else { return }
        var tried = 0
        while true {
            do throws(ClientError) {
                let remote = try await source.openBlob(blob.digest, in: repository)
                try await target.pushBlob(blob.digest, size: remote.size, remote.body, to: repository)
                report.count {
                    $0.blobs += 1
                    $0.bytes += remote.size
                }
                return
            } catch {
                tried += 1
                guard error.isPassing, tried < Self.tries else { throw error }
            }
        }
    }
}
