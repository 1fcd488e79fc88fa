import CoveBlobs
import CoveMetadata
import CoveOCI

/// What a repository holds beside what its manifests refer to, and what none holds.
extension DistributionImport {
    func importLayers(of repository: ImportedRepository) async throws {
        let name = repository.name.description
        for part in repository.contents.layers.pieces(of: options.batch * 2) {
            let digests = Array(part)
            var held: Set<Digest> = []
            if let id = repository.id {
                held = Set(try await metadata.read { try $0.sizesOfHeldBlobs(digests, in: id) }.keys)
            }
            let links = try await linked(digests.filter { !held.contains($0) }) { DistributionLayout.layer($0, in: name) }
            let found = try await blobs.find(links.map(\.digest))
            for link in links where found[link.digest] == nil {
                journal.note(.deadLayerLink, DistributionLayout.layer(link.digest, in: name), "its content is not there, or damaged")
            }
            let blobs = Array(found.values)
            if !options.dryRun, let id = repository.id, !blobs.isEmpty {
                try await metadata.write(in: .repository(name)) { store in
                    _ = try store.lockedRepositoryID(repository.name)
                    try store.importBlobs(blobs, into: id)
                }
            }
            if options.dryRun { journal.spare(found.keys) }
            journal.count { $0.layers += held.count + blobs.count }
            journal.advance(part.count)
        }
    }

    /// Records blobs that no repository has a link to: nothing gives them out, but a push of the same content need not store
    /// it again, and `cove garbage-collect` deletes them, as registry:2's does. Upkeep alone does not.
    func recordOwnerless() async throws {
        let algorithms = try await folders(in: DistributionLayout.blobs)
        for algorithm in algorithms {
            guard Digest.Algorithm(rawValue: algorithm) != nil else {
                journal.note(.unsupportedDigest, "\(DistributionLayout.blobs)/\(algorithm)", "digests of this algorithm are not supported")
                continue
            }
            for fan in try await folders(in: "\(DistributionLayout.blobs)/\(algorithm)") {
                try await recordOwnerless(in: "\(DistributionLayout.blobs)/\(algorithm)/\(fan)", algorithm)
            }
        }
    }

    private func recordOwnerless(in directory: String, _ algorithm: String) async throws {
        let digests = try await folders(in: directory).compactMap { name -> Digest? in
            if let digest = try? Digest(parsing: "\(algorithm):\(name)"), "\(directory)/\(name)" == DistributionLayout.directory(of: digest)
            {
                return digest
            }
            journal.note(.foreignFile, "\(directory)/\(name)")
            return nil
        }
        for part in digests.pieces(of: 1000) {
            let part = Array(part)
            let known = try await metadata.read { try $0.heldBlobs(among: part).union($0.importedManifests(among: part)) }
            let unknown = part.filter { !known.contains($0) && !journal.isSpared($0) }
            guard !unknown.isEmpty else { continue }
            let found = try await blobs.find(unknown).values
            for blob in found { journal.note(.ownerlessBlob, blob.location, "\(blob.size) bytes") }
            if !options.dryRun, !found.isEmpty {
                let found = Array(found)
                try await metadata.write(in: .upkeep) { _ = try $0.importBlobs(found) }
            }
        }
    }

    private func folders(in directory: String) async throws(BlobStorageError) -> [String] {
        entries(of: try await files.list([directory])[0], directory).compactMap { entry in
            if entry.isDirectory { return entry.name }
            journal.note(.foreignFile, "\(directory)/\(entry.name)")
            return nil
        }
    }
}
