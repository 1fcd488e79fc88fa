import CoveBlobs
import CoveMetadata
import CoveOCI
import CoveRegistry
import Foundation
import Logging
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import CoveServer

@Suite("Import at the start of a server")
struct AutoImportTests {
    private let directory: TemporaryDirectory
    private let stores: Stores

    init() async throws {
        directory = try TemporaryDirectory()
        stores = Stores(
            metadata: try await .open(SQLiteEngine(.memory)),
            storage: try FilesystemStorage(root: directory.path, pool: .singleton, synchronous: false))
    }

    /// A manifest, which is enough for a repository.
    private func leaveFiles() throws {
        let payload = #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[]}"#
        let digest = Digest.of(payload.utf8)
        for (path, text) in [
            (DistributionLayout.data(digest), payload), (DistributionLayout.revision(digest, in: "app"), digest.description),
        ] {
            let folder = (directory.file(path) as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try directory.write(text, to: path)
        }
    }

    /// - Returns: whether there was nothing left to do, and what was logged.
    private func attempt(isOn: Bool = true) async throws -> (isDone: Bool, log: String) {
        let lines = Shared("")
        let logger = Logger(label: "test") { _ in RecordingHandler(lines: lines) }
        let isDone = try await AutoImport(stores: stores, isOn: isOn, logger: logger).attempt()
        return (isDone, lines.value)
    }

    private var repositories: [String] {
        get async throws { try await stores.metadata.read { try $0.repositoryNames(after: "", limit: 10) } }
    }

    @Test("without registry:2's files there is nothing to do, and nothing is said")
    func nothing() async throws {
        #expect(try await attempt() == (true, ""))
        try FileManager.default.createDirectory(atPath: directory.file("docker/registry/v2"), withIntermediateDirectories: true)
        #expect(try await attempt() == (true, ""))
    }

    @Test("they are imported once")
    func once() async throws {
        try leaveFiles()
        let first = try await attempt()
        #expect(first.isDone && first.log.contains("found files of registry:2"))
        #expect(try await repositories == ["app"])
        #expect(try await attempt() == (true, ""))
    }

    @Test("an import that was interrupted goes on")
    func resumed() async throws {
        try leaveFiles()
        try await stores.metadata.write { store in
            _ = try store.ensureRepository(RepositoryName(parsing: "begun"))
            try store.beginImport(of: DistributionImport.source)
        }
        #expect(try await attempt().log.contains("going on"))
        #expect(try await repositories == ["app", "begun"])
    }

    @Test("switched off, or beside images of Cove's own, it only says what to do", arguments: [true, false])
    func leftAlone(isOn: Bool) async throws {
        try leaveFiles()
        if isOn { try await stores.metadata.write { _ = try $0.ensureRepository(RepositoryName(parsing: "mine")) } }
        let (isDone, log) = try await attempt(isOn: isOn)
        #expect(isDone && log.contains("run cove import"))
        #expect(try await repositories == (isOn ? ["mine"] : []))
    }
}

private struct RecordingHandler: LogHandler {
    let lines: Shared<String>
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    init(lines: Shared<String>) {
        self.lines = lines
    }

    func log(event: LogEvent) {
        lines.change { $0 += "\(event.message)\n" }
    }
}
