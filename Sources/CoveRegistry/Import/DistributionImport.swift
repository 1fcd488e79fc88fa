import CoveBlobs
import CoveMetadata
import CoveOCI
import NIOPosix

/// Reads what registry:2 kept in small files into the metadata store. The bytes of blobs stay where they are.
///
/// Everything is written in transactions of a few hundred rows, in an order in which each is complete by itself: a manifest
/// together with the blobs that it refers to, then its tags. So a running server gives out each image from the moment it
/// is read. What the store knows already is passed over, so that an import which was killed goes on where it was when it is
/// run again, and one that is complete changes nothing. Nothing in the files is changed.
package struct DistributionImport: Sendable {
    package struct Options: Sendable {
        /// Whether blobs are read and hashed, not only looked for.
        package var verify = false
        /// Only say what would be imported.
        package var dryRun = false
        /// How many manifests, tags or links make a transaction.
        package var batch = 256
        /// How many repositories are read at once.
        package var concurrency = 8

        package init() {}
    }

    /// What stands for the tree of one storage in the store's record of imports.
    package static let source = "registry:2"

    let files: any RegistryFiles
    let metadata: MetadataStore
    let options: Options
    let journal: ImportJournal
    let blobs: BlobFinder

    /// - Parameters:
    ///   - onFinding: told of each thing that is not as it should be.
    ///   - onProgress: told how far it has come, after each transaction.
    package init(
        files: any RegistryFiles, metadata: MetadataStore, options: Options = Options(),
        onFinding: @escaping @Sendable (ImportFinding) -> Void = { _ in },
        onProgress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) {
        self.files = files
        self.metadata = metadata
        self.options = options
        journal = ImportJournal(onFinding: onFinding, onProgress: onProgress)
        blobs = BlobFinder(files: files, verify: options.verify, journal: journal)
    }

    /// Whether there is anything to import.
    package static func isThere(_ files: any RegistryFiles) async throws(BlobStorageError) -> Bool {
        // The directory above: in a bucket, to list a directory is to list all that is in it.
        guard case .entries(let entries) = try await files.list([DistributionLayout.root])[0] else { return false }
        return entries.contains(FileEntry(name: "repositories", isDirectory: true))
    }

    /// Imports everything.
    ///
    /// - Throws: ``BlobStorageError`` or ``MetadataError`` when it could not go on; what was written until then stays, and
    ///   running it again goes on from there.
    package func run() async throws -> ImportReport {
        if !options.dryRun { try await metadata.write(in: .upkeep) { try $0.beginImport(of: Self.source) } }
        let names = try await findRepositories()
        // Read once ahead, so that there is something to measure progress by; as names only, a page of repositories at a time.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for start in stride(from: 0, to: names.count, by: 16) {
                let page = Array(names[start..<min(start + 16, names.count)])
                let contents = try await read(page)
                journal.expect(contents.reduce(0) { $0 + $1.1.count })
                for (index, (name, content)) in contents.enumerated() {
                    if start + index >= options.concurrency { _ = try await group.next() }
                    group.addTask { try await importRepository(name, content) }
                }
            }
            try await group.waitForAll()
        }
        try await recordOwnerless()
        if !options.dryRun { try await metadata.write(in: .upkeep) { try $0.finishImport(of: Self.source) } }
        return journal.report
    }

    private func importRepository(_ name: RepositoryName, _ contents: RepositoryContents) async throws {
        let id: Int64? =
            options.dryRun
            ? try await metadata.read { try $0.repositoryID(name) }
            : try await metadata.write(in: .repository(name.description)) { try $0.ensureRepository(name) }
        let repository = ImportedRepository(name: name, id: id, contents: contents)
        let present = try await importManifests(of: repository)
        try await importTags(of: repository, present)
        try await importLayers(of: repository)
        journal.count { $0.repositories += 1 }
    }
}

/// A repository that is being imported.
struct ImportedRepository: Sendable {
    let name: RepositoryName
    /// Nil in a dry run that would make it.
    let id: Int64?
    let contents: RepositoryContents
}

extension Array {
    /// Cut into pieces of at most `size`.
    func pieces(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
