import CoveBlobs
import CoveMetadata
import CoveOCI
import Foundation

/// Writes what the registry has in registry:2's layout. The registry may be in use: each repository is written as it is
/// when its turn comes, blobs before manifests and manifests before tags.
package struct DistributionExport: Sendable {
    package struct Options: Sendable {
        /// Which repositories; `*` stands for any text within a component, `**` for any text.
        package var repositories = "**"
        /// Whether tags and manifests that the tree has and the registry has not are removed from it.
        package var prune = false

        package init() {}
    }

    /// Where blobs' bytes come from.
    package enum Source: Sendable {
        /// The root directory of a filesystem storage, which another process may be using.
        case directory(String)
        case storage(any BlobStorage)
    }

    package struct Report: Sendable, Equatable {
        package var repositories = 0
        package var manifests = 0
        package var tags = 0
        /// Links of repositories to blobs.
        package var layers = 0
        /// Blobs that got a second name, were copied, and were there already.
        package var linked = 0
        package var copied = 0
        package var kept = 0
        /// Blobs whose bytes are not there.
        package var missing: [Digest] = []
        /// Tags and manifests of the tree that the registry has not.
        package var strangers = 0
        package var pruned = 0
        /// What registry:2 does not serve as Cove does.
        package var sha512 = 0
        package var referrers = 0
        package var artifacts = 0

        package init() {}
    }

    package struct Progress: Sendable {
        package let repository: String
        package let done: Int
        package let total: Int
    }

    private static let page = 64

    private let metadata: MetadataStore
    private let source: Source
    private let writer: LayoutWriter
    private let tree: any RegistryFiles
    private let options: Options

    /// - Parameter tree: reads what is where `writer` writes.
    package init(metadata: MetadataStore, source: Source, writer: LayoutWriter, tree: any RegistryFiles, options: Options) {
        self.metadata = metadata
        self.source = source
        self.writer = writer
        self.tree = tree
        self.options = options
    }

    package func run(_ progress: (Progress) -> Void) async throws -> Report {
        var report = Report()
        let pattern = NamePattern(options.repositories)
        var names: [(id: Int64, name: RepositoryName)] = []
        while true {
            let last = names.last?.id ?? 0
            let page = try await metadata.read { try $0.repositories(afterID: last, limit: 1000) }
            if page.isEmpty { break }
            names += page
        }
        names = names.filter { pattern.matches($0.name.description) }
        for (index, repository) in names.enumerated() {
            progress(Progress(repository: repository.name.description, done: index, total: names.count))
            try await export(repository.id, repository.name.description, &report)
            report.repositories += 1
        }
        progress(Progress(repository: "", done: names.count, total: names.count))
        try await writer.finish()
        return report
    }

    private func export(_ id: Int64, _ name: String, _ report: inout Report) async throws {
        // registry:2 knows a repository by this directory, be it empty.
        try await writer.makeDirectory(DistributionLayout.layers(name))
        try await exportBlobs(of: id, name, &report)
        let revisions = try await exportManifests(of: id, name, &report)
        let tags = try await exportTags(of: id, name, &report)
        try await lookForStrangers(name, revisions, tags, &report)
    }

    private func exportBlobs(of id: Int64, _ name: String, _ report: inout Report) async throws {
        var last: Int64 = 0
        while true {
            let from = last
            let blobs = try await metadata.read { try $0.heldBlobs(in: id, after: from, limit: Self.page) }
            var links: [LayoutWriter.File] = []
            for blob in blobs {
                guard try await place(blob, of: id, &report) else { continue }
                links.append(.init(link: DistributionLayout.layer(blob.digest, in: name), to: blob.digest))
                if blob.digest.algorithm == .sha512 { report.sha512 += 1 }
            }
            try await writer.write(links)
            report.layers += links.count
            guard let end = blobs.last?.id else { return }
            last = end
        }
    }

    /// - Returns: false when its bytes are not there.
    private func place(_ blob: StoredBlob, of repositoryID: Int64, _ report: inout Report) async throws -> Bool {
        do throws(BlobStorageError) {
            let outcome =
                switch source {
                case .directory(let root): try await writer.place(blob.digest, size: blob.size, from: blob.location, of: root)
                case .storage(let storage): try await writer.copy(blob.digest, size: blob.size, from: blob.location, in: storage)
                }
            switch outcome {
            case .linked: report.linked += 1
            case .copied: report.copied += 1
            case .kept: report.kept += 1
            }
            return true
        } catch .missing {
            // The collector may have come before.
            let isHeld = try await metadata.read { try $0.sizesOfHeldBlobs([blob.digest], in: repositoryID)[blob.digest] } != nil
            if isHeld { report.missing.append(blob.digest) }
            return false
        }
    }

    private func exportManifests(of id: Int64, _ name: String, _ report: inout Report) async throws -> Set<Digest> {
        var all: Set<Digest> = []
        var last: Int64 = 0
        while true {
            let from = last
            let manifests = try await metadata.read { try $0.manifests(in: id, after: from, limit: Self.page) }
            try await writer.write(manifests.map { .init(DistributionLayout.data($0.digest), $0.payload, modified: $0.createdAt) })
            try await writer.write(
                manifests.map { .init(link: DistributionLayout.revision($0.digest, in: name), to: $0.digest, modified: $0.createdAt) })
            for manifest in manifests {
                all.insert(manifest.digest)
                if manifest.hasSubject { report.referrers += 1 }
                if manifest.digest.algorithm == .sha512 { report.sha512 += 1 }
                if manifest.mediaType == MediaType.artifactManifest { report.artifacts += 1 }
            }
            report.manifests += manifests.count
            guard let end = manifests.last?.id else { return all }
            last = end
        }
    }

    private func exportTags(of id: Int64, _ name: String, _ report: inout Report) async throws -> Set<String> {
        var all: Set<String> = []
        var last = ""
        while true {
            let from = last
            let tags = try await metadata.read { try $0.tags(in: id, after: from, limit: Self.page * 4) }
            for tag in tags {
                let text = tag.tag.description
                try await writer.write(
                    (tag.earlier + [tag.current]).map { move in
                        .init(link: DistributionLayout.tagIndex(text, move.digest, in: name), to: move.digest, modified: move.at)
                    } + [.init(link: DistributionLayout.currentTag(text, in: name), to: tag.current.digest, modified: tag.current.at)])
            }
            all.formUnion(tags.map(\.tag.description))
            report.tags += tags.count
            guard let end = tags.last?.tag.description else { return all }
            last = end
        }
    }

    /// Counts or removes what the tree has of a repository and the registry has not.
    private func lookForStrangers(
        _ name: String, _ revisions: Set<Digest>, _ tags: Set<String>, _ report: inout Report
    ) async throws {
        var strangers: [String] = []
        let folders = Digest.Algorithm.allCases.map { "\(DistributionLayout.revisions(name))/\($0.rawValue)" }
        let listings = try await tree.list([DistributionLayout.tags(name)] + folders)
        for entry in Self.names(in: listings[0]) where !tags.contains(entry) {
            strangers.append("\(DistributionLayout.tags(name))/\(entry)")
        }
        for (index, algorithm) in Digest.Algorithm.allCases.enumerated() {
            for entry in Self.names(in: listings[index + 1]) {
                guard let digest = try? Digest(parsing: "\(algorithm.rawValue):\(entry)"), !revisions.contains(digest) else { continue }
                strangers.append("\(folders[index])/\(entry)")
            }
        }
        // registry:2 itself leaves the directory of a manifest that it deletes, without its link.
        let links = try await tree.measure(
            strangers.map { $0.hasPrefix("\(DistributionLayout.tags(name))/") ? "\($0)/current/link" : "\($0)/link" })
        strangers = zip(strangers, links).filter { $1 != .missing }.map(\.0)
        report.strangers += strangers.count
        guard options.prune else { return }
        for path in strangers { try await writer.remove(path) }
        report.pruned += strangers.count
    }

    private static func names(in listing: Listing) -> [String] {
        if case .entries(let entries) = listing { entries.map(\.name) } else { [] }
    }
}
