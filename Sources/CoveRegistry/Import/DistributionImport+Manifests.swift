import CoveBlobs
import CoveMetadata
import CoveOCI
import Foundation
import NIOPosix

/// Revisions: the manifests of a repository.
extension DistributionImport {
    /// A digest as text and some air.
    static var linkLimit: Int { 512 }

    /// Imports the manifests of a repository, together with the blobs that they refer to.
    ///
    /// - Returns: those that the repository has now, or would have.
    func importManifests(of repository: ImportedRepository) async throws -> Set<Digest> {
        var present: Set<Digest> = []
        var children: [(index: Digest, child: Digest)] = []
        // While one batch is written, the next is read.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, part) in repository.contents.revisions.pieces(of: options.batch).enumerated() {
                let batch = try await read(Array(part), of: repository)
                present.formUnion(batch.known)
                present.formUnion(batch.manifests.map(\.digest))
                children += batch.children
                if number > 0 { _ = try await group.next() }
                group.addTask { try await write(batch, of: repository, count: part.count) }
            }
            try await group.waitForAll()
        }
        for (index, child) in children where !present.contains(child) {
            journal.note(
                .missingChild, DistributionLayout.revision(index, in: repository.name.description), "its entry \(child) is not there")
        }
        return present
    }

    struct ManifestBatch: Sendable {
        /// In the repository already.
        var known: [Digest] = []
        var manifests: [FoundManifest] = []
        var blobs: [FoundBlob] = []
        var children: [(index: Digest, child: Digest)] = []
    }

    private func read(_ revisions: [Digest], of repository: ImportedRepository) async throws -> ManifestBatch {
        let name = repository.name.description
        var batch = ManifestBatch()
        var known: [Digest: Bool] = [:]
        if let id = repository.id { known = try await metadata.read { try $0.knownManifests(revisions, in: id) } }
        for (digest, isThere) in known where !isThere {
            journal.note(.deletedSince, DistributionLayout.revision(digest, in: name))
        }
        batch.known = known.filter(\.value).map(\.key)
        journal.count { $0.knownManifests += batch.known.count }
        let fresh = try await linked(revisions.filter { known[$0] == nil }) { DistributionLayout.revision($0, in: name) }
        let payloads = try await files.read(fresh.map { DistributionLayout.data($0.digest) }, limit: Manifest.maximumSize)
        let parsed = try await parse(zip(fresh, payloads).map { ($0.digest, $0.modified, $1) })
        for (digest, result) in parsed {
            switch result {
            case .success(let manifest): batch.manifests.append(manifest)
            case .failure(let flaw):
                journal.spare([digest])
                journal.note(flaw.kind, DistributionLayout.revision(digest, in: name), flaw.detail)
            }
        }
        try await findReferences(&batch, of: repository)
        return batch
    }

    private func write(_ batch: ManifestBatch, of repository: ImportedRepository, count: Int) async throws {
        var stored = batch.manifests.count
        if !options.dryRun, let id = repository.id, !batch.manifests.isEmpty || !batch.blobs.isEmpty {
            stored = try await metadata.write(in: .repository(repository.name.description)) { store in
                _ = try store.lockedRepositoryID(repository.name)
                try store.importBlobs(batch.blobs, into: id)
                return try store.importManifests(batch.manifests, in: id)
            }
        }
        journal.count { $0.manifests += stored }
        journal.advance(count)
    }

    // MARK: - Links

    /// Those of `digests` whose link says so, each with the time of the link.
    ///
    /// - Parameter path: where a digest's link is.
    func linked(
        _ digests: [Digest], at path: (Digest) -> String
    ) async throws(BlobStorageError) -> [(digest: Digest, modified: Int64)] {
        let paths = digests.map(path)
        let contents = try await files.read(paths, limit: Self.linkLimit)
        var links: [(digest: Digest, modified: Int64)] = []
        for (index, content) in contents.enumerated() {
            if content == .missing {
                journal.note(.deletedBefore, paths[index])
                continue
            }
            guard let link = link(content, paths[index]) else { continue }
            if link.digest == digests[index] {
                links.append(link)
            } else {
                journal.note(.brokenLink, paths[index], "it names \(link.digest)")
            }
        }
        return links
    }

    /// The digest in a link; what keeps it from being one is noted.
    func link(_ content: FileContent, _ path: String) -> (digest: Digest, modified: Int64)? {
        switch content {
        case .bytes(let bytes, let modified):
            let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            if let digest = try? Digest(parsing: text) { return (digest, modified) }
            journal.note(.brokenLink, path, bytes.isEmpty ? "it is empty" : "it holds no digest: '\(printable(text))'")
        case .missing: journal.note(.brokenLink, path, "the link is not there")
        case .tooLong(let size): journal.note(.brokenLink, path, "it has \(size) bytes, which is no digest")
        case .unreadable(let why): journal.note(.unreadable, path, why)
        }
        return nil
    }

    private func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(80).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
    }

    // MARK: - Payloads

    /// Why a manifest was not imported.
    struct Flaw: Error, Sendable {
        let kind: ImportFinding.Kind
        let detail: String
    }

    private typealias Parsed = (digest: Digest, result: Result<FoundManifest, Flaw>)

    /// Parses on as many threads as there are cores, none of them the cooperative pool's.
    private func parse(_ payloads: [(digest: Digest, modified: Int64, content: FileContent)]) async throws -> [Parsed] {
        try await withThrowingTaskGroup(of: (Int, [Parsed]).self) { group in
            let parts = payloads.pieces(of: max(16, (payloads.count + 1) / 2))
            for (index, part) in parts.enumerated() {
                group.addTask {
                    let parsed: [Parsed] = try await NIOThreadPool.singleton.runIfActive {
                        part.map { ($0.digest, Self.parse($0.digest, $0.modified, $0.content)) }
                    }
                    return (index, parsed)
                }
            }
            var results = [[Parsed]](repeating: [], count: parts.count)
            for try await (index, part) in group { results[index] = part }
            return results.flatMap { $0 }
        }
    }

    private static func parse(_ digest: Digest, _ modified: Int64, _ content: FileContent) -> Result<FoundManifest, Flaw> {
        let payload: Data
        switch content {
        case .bytes(let bytes, _): payload = bytes
        case .missing: return .failure(Flaw(kind: .missingManifest, detail: "\(DistributionLayout.data(digest)) is not there"))
        case .tooLong(let size):
            return .failure(
                Flaw(kind: .unparsableManifest, detail: "it has \(size) bytes; a manifest may have \(Manifest.maximumSize)"))
        case .unreadable(let why): return .failure(Flaw(kind: .unreadable, detail: why))
        }
        let actual = Digest.of(payload, algorithm: digest.algorithm)
        guard actual == digest else {
            return .failure(
                Flaw(kind: .digestMismatch, detail: "the bytes of \(DistributionLayout.data(digest)) have the digest \(actual)"))
        }
        do throws(ManifestError) {
            let manifest = try Manifest(parsing: payload, contentType: nil)
            let blobs =
                ([manifest.config].compactMap { $0 }).map { ManifestReference(role: .config, descriptor: $0) }
                + manifest.layers.map { ManifestReference(role: .layer, descriptor: $0) }
            let children = manifest.manifests.map { entry in
                // An index may also list content that is no manifest (image-spec, `image-index.md`).
                ManifestReference(role: MediaType.manifests.contains(entry.mediaType) ? .child : .layer, descriptor: entry)
            }
            return .success(
                FoundManifest(digest: digest, manifest: manifest, payload: payload, references: blobs + children, createdAt: modified))
        } catch .schema1 {
            return .failure(Flaw(kind: .schema1Manifest, detail: "manifests of Docker's schema 1 cannot be served; push the image again"))
        } catch {
            return .failure(Flaw(kind: .unparsableManifest, detail: "\(error)"))
        }
    }

    // MARK: - References

    /// Looks for the blobs of manifests: of those that were read, and what those in the store lack.
    private func findReferences(_ batch: inout ManifestBatch, of repository: ImportedRepository) async throws {
        var wanted: [(manifest: Digest, descriptor: Descriptor, held: Int64?)] = []
        func sort(_ manifest: Digest, _ reference: ManifestReference, held: Int64?) {
            if reference.role == .child {
                batch.children.append((manifest, reference.descriptor.digest))
            } else {
                wanted.append((manifest, reference.descriptor, held))
            }
        }
        for manifest in batch.manifests {
            for reference in manifest.references { sort(manifest.digest, reference, held: nil) }
        }
        if let id = repository.id, !batch.known.isEmpty {
            let known = batch.known
            for unmet in try await metadata.read({ try $0.unmetReferences(of: known, in: id) }) {
                sort(unmet.manifest, unmet.reference, held: unmet.held)
            }
        }
        let sizes = Dictionary(grouping: wanted.filter { $0.held == nil }) { $0.descriptor.digest }
            .mapValues { Set($0.map(\.descriptor.size)) }
        let found = try await blobs.find(sizes.keys, of: sizes)
        for (manifest, descriptor, held) in wanted {
            let path = DistributionLayout.revision(manifest, in: repository.name.description)
            guard let size = held ?? found[descriptor.digest]?.size else {
                guard !MediaType.isNonDistributable(descriptor.mediaType) else { continue }
                journal.note(.missingBlob, path, "\(descriptor.digest) of \(descriptor.size) bytes is not there")
                continue
            }
            if size != descriptor.size {
                journal.note(.sizeMismatch, path, "\(descriptor.digest) has \(size) bytes, not \(descriptor.size)")
            }
        }
        batch.blobs = Array(found.values)
        if options.dryRun { journal.spare(batch.manifests.map(\.digest) + found.keys) }
    }
}
