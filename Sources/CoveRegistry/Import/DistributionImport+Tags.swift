import CoveBlobs
import CoveMetadata
import CoveOCI

/// Tags, and what they pointed at before.
extension DistributionImport {
    /// - Parameter present: the manifests of the repository.
    func importTags(of repository: ImportedRepository, _ present: Set<Digest>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, part) in repository.contents.tags.pieces(of: options.batch).enumerated() {
                let tags = try await read(Array(part), of: repository, present)
                if number > 0 { _ = try await group.next() }
                group.addTask { try await write(tags, of: repository, count: part.count) }
            }
            try await group.waitForAll()
        }
    }

    private func read(_ names: [Tag], of repository: ImportedRepository, _ present: Set<Digest>) async throws -> [FoundTag] {
        let name = repository.name.description
        let paths = names.map { DistributionLayout.currentTag($0.description, in: name) }
        let contents = try await files.read(paths, limit: Self.linkLimit)
        var known: [Tag: Digest?] = [:]
        if let id = repository.id { known = try await metadata.read { try $0.knownTags(names, in: id) } }
        journal.count { $0.knownTags += known.count }
        var current: [(tag: Tag, move: FoundTag.Move)] = []
        for (index, tag) in names.enumerated() {
            guard let link = link(contents[index], paths[index]) else { continue }
            if let pointsAt = known[tag] {
                compare(tag, link.digest, pointsAt, paths[index])
            } else if present.contains(link.digest) {
                current.append((tag, FoundTag.Move(digest: link.digest, at: link.modified)))
            } else {
                journal.note(.danglingTag, paths[index], "\(link.digest) is no manifest of the repository that could be imported")
            }
        }
        let earlier = try await history(of: current, in: name)
        return current.map { FoundTag(tag: $0.tag, current: $0.move, earlier: earlier[$0.tag] ?? []) }
    }

    private func compare(_ tag: Tag, _ digest: Digest, _ pointsAt: Digest?, _ path: String) {
        if let pointsAt, pointsAt != digest {
            journal.note(.keptTag, path, "it names \(digest), and the tag points at \(pointsAt) in Cove")
        } else if pointsAt == nil {
            journal.note(.deletedSince, path)
        }
    }

    private func write(_ tags: [FoundTag], of repository: ImportedRepository, count: Int) async throws {
        var made = tags.count
        if !options.dryRun, let id = repository.id, !tags.isEmpty {
            let name = repository.name
            let outcome = try await metadata.write(in: .repository(name.description)) { store in
                _ = try store.lockedRepositoryID(name)
                return try store.importTags(tags, in: id)
            }
            made = outcome.made
            // Deleted in Cove since it was imported, a moment ago.
            for tag in outcome.dangling {
                journal.note(.deletedSince, DistributionLayout.currentTag(tag.tag.description, in: name.description))
            }
        }
        journal.count { $0.tags += made }
        journal.advance(count)
    }

    /// What tags pointed at before, oldest first: their `index`, by the times of its links.
    private func history(
        of tags: [(tag: Tag, move: FoundTag.Move)], in name: String
    ) async throws(BlobStorageError) -> [Tag: [FoundTag.Move]] {
        let algorithms = Digest.Algorithm.allCases
        let folders = tags.flatMap { tag in
            algorithms.map {
                (tag: tag, path: "\(DistributionLayout.tagIndex(tag.tag.description, in: name))/\($0.rawValue)", algorithm: $0)
            }
        }
        let listings = try await files.list(folders.map(\.path))
        var earlier: [(tag: Tag, digest: Digest)] = []
        for (folder, listing) in zip(folders, listings) {
            for entry in entries(of: listing, folder.path) {
                guard let digest = try? Digest(parsing: "\(folder.algorithm.rawValue):\(entry.name)") else {
                    journal.note(.foreignFile, "\(folder.path)/\(entry.name)")
                    continue
                }
                if digest != folder.tag.move.digest { earlier.append((folder.tag.tag, digest)) }
            }
        }
        guard !earlier.isEmpty else { return [:] }
        let paths = earlier.map { DistributionLayout.tagIndex($0.tag.description, $0.digest, in: name) }
        let sizes = try await files.measure(paths)
        var moves: [Tag: [FoundTag.Move]] = [:]
        for (move, size) in zip(earlier, sizes) {
            // An entry without a link is one that is being deleted: no history was lost with it.
            guard case .bytes(_, let modified) = size else { continue }
            moves[move.tag, default: []].append(FoundTag.Move(digest: move.digest, at: modified))
        }
        return moves.mapValues { moves in
            moves.sorted { ($0.at, $0.digest.hex) < ($1.at, $1.digest.hex) }
        }
    }
}
