import CoveBlobs
import CoveOCI

/// The names that there are in a repository.
struct RepositoryContents: Sendable {
    var revisions: [Digest] = []
    var tags: [Tag] = []
    var layers: [Digest] = []

    var count: Int { revisions.count + tags.count + layers.count }
}

/// Finding repositories, and what is in them.
extension DistributionImport {
    /// All repositories, in the order of their names.
    func findRepositories() async throws(BlobStorageError) -> [RepositoryName] {
        var found: [RepositoryName] = []
        var level = [""]
        while !level.isEmpty {
            var next: [String] = []
            for part in level.pieces(of: 256) {
                let listings = try await files.list(
                    part.map { $0.isEmpty ? DistributionLayout.repositories : DistributionLayout.repository($0) })
                for (name, listing) in zip(part, listings) { visit(name, listing, &found, &next) }
            }
            level = next
        }
        return found.sorted { $0.description.utf8.lexicographicallyPrecedes($1.description.utf8) }
    }

    private func visit(_ name: String, _ listing: Listing, _ found: inout [RepositoryName], _ next: inout [String]) {
        let path = name.isEmpty ? DistributionLayout.repositories : DistributionLayout.repository(name)
        let entries = entries(of: listing, path)
        if entries.contains(where: { $0.isDirectory && DistributionLayout.marks.contains($0.name) }) {
            do throws(RepositoryName.ParseError) {
                found.append(try RepositoryName(parsing: name))
            } catch {
                journal.note(.refusedName, path, "'\(name.prefix(300))' is not the name of a repository that a client could ask for")
            }
        }
        for entry in entries where !DistributionLayout.marks.contains(entry.name) {
            // A link to a directory further up would go on without end.
            guard entry.isDirectory, !entry.name.hasPrefix("_"), name.utf8.count <= 4096 else {
                journal.note(.foreignFile, "\(path)/\(entry.name)")
                continue
            }
            next.append(name.isEmpty ? entry.name : "\(name)/\(entry.name)")
        }
    }

    /// The names in repositories.
    func read(_ names: [RepositoryName]) async throws(BlobStorageError) -> [(RepositoryName, RepositoryContents)] {
        let algorithms = Digest.Algorithm.allCases
        let paths = names.map(\.description).flatMap { name in
            [DistributionLayout.revisions(name), DistributionLayout.layers(name)].flatMap { path in
                [path] + algorithms.map { "\(path)/\($0.rawValue)" }
            } + [
                DistributionLayout.tags(name), DistributionLayout.uploads(name), "\(DistributionLayout.repository(name))/_manifests",
            ]
        }
        let listings = try await files.list(paths)
        let width = paths.count / max(1, names.count)
        return names.enumerated().map { index, name in
            var rest = (index * width..<(index + 1) * width).map { Folder(path: paths[$0], entries: entries(of: listings[$0], paths[$0])) }
            var contents = RepositoryContents()
            contents.revisions = digests(Array(rest.prefix(1 + algorithms.count)))
            rest.removeFirst(1 + algorithms.count)
            contents.layers = digests(Array(rest.prefix(1 + algorithms.count)))
            rest.removeFirst(1 + algorithms.count)
            contents.tags = tags(rest[0])
            for upload in rest[1].entries {
                journal.note(upload.isDirectory ? .halfUpload : .foreignFile, "\(rest[1].path)/\(upload.name)")
            }
            for entry in rest[2].entries where !(entry.isDirectory && ["revisions", "tags"].contains(entry.name)) {
                journal.note(.foreignFile, "\(rest[2].path)/\(entry.name)")
            }
            return (name, contents)
        }
    }

    struct Folder {
        let path: String
        let entries: [FileEntry]
    }

    /// The digests in a folder of folders by algorithm.
    private func digests(_ folders: [Folder]) -> [Digest] {
        let algorithms = Set(Digest.Algorithm.allCases.map(\.rawValue))
        for entry in folders[0].entries where !(entry.isDirectory && algorithms.contains(entry.name)) {
            if entry.isDirectory {
                journal.note(.unsupportedDigest, "\(folders[0].path)/\(entry.name)", "digests of this algorithm are not supported")
            } else {
                journal.note(.foreignFile, "\(folders[0].path)/\(entry.name)")
            }
        }
        return folders.dropFirst().flatMap { folder in
            let algorithm = folder.path.split(separator: "/").last ?? ""
            return folder.entries.compactMap { entry -> Digest? in
                if entry.isDirectory, let digest = try? Digest(parsing: "\(algorithm):\(entry.name)") { return digest }
                journal.note(.foreignFile, "\(folder.path)/\(entry.name)")
                return nil
            }
        }
    }

    private func tags(_ folder: Folder) -> [Tag] {
        folder.entries.compactMap { entry in
            guard entry.isDirectory else {
                journal.note(.foreignFile, "\(folder.path)/\(entry.name)")
                return nil
            }
            if let tag = try? Tag(parsing: entry.name) { return tag }
            journal.note(.refusedName, "\(folder.path)/\(entry.name)", "this is not the name of a tag that a client could ask for")
            return nil
        }
    }

    func entries(of listing: Listing, _ path: String) -> [FileEntry] {
        switch listing {
        case .entries(let entries): return entries
        case .missing: return []
        case .unreadable(let why):
            journal.note(.unreadable, path, why)
            return []
        }
    }
}
