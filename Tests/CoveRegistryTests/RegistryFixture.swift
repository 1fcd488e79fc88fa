import CoveBlobs
import CoveOCI
import Foundation
import Logging
import NIOCore
import NIOPosix
import TestSupport

@testable import CoveMetadata
@testable import CoveRegistry

/// A registry on stores of its own.
struct RegistryFixture {
    enum Kind: CaseIterable, Sendable {
        case memory, filesystem
    }

    struct BrokenBody: Error {}

    let registry: Registry
    let metadata: MetadataStore
    let storage: any BlobStorage
    /// Nil in memory.
    let directory: TemporaryDirectory?
    let origin = Event.Origin(actor: "ann", requestID: "r1")

    init(_ kind: Kind = .memory, _ options: Registry.Options = .init()) async throws {
        try await self.init(directory: kind == .memory ? nil : TemporaryDirectory(), options)
    }

    /// In memory, on a storage of the test's own.
    init(storage: any BlobStorage, _ options: Registry.Options = .init()) async throws {
        directory = nil
        self.storage = storage
        metadata = try await .open(SQLiteEngine(.memory))
        registry = Registry(metadata: metadata, storage: storage, options: options, logger: Self.logger)
    }

    /// On what a directory holds already, as after a restart.
    init(directory: TemporaryDirectory?, _ options: Registry.Options = .init()) async throws {
        self.directory = directory
        if let directory {
            storage = try FilesystemStorage(root: directory.path, pool: .singleton, synchronous: false)
            metadata = try await .open(SQLiteEngine(.file(path: directory.file("cove.db"), synchronous: false)))
        } else {
            storage = MemoryStorage()
            metadata = try await .open(TestDatabase.engine())
        }
        registry = Registry(metadata: metadata, storage: storage, options: options, logger: Self.logger)
    }

    /// A second registry on the same stores: another process, as far as memory goes.
    func another(_ options: Registry.Options = .init(), descriptors: DescriptorCache? = nil) -> Registry {
        Registry(metadata: metadata, storage: storage, options: options, descriptors: descriptors, logger: Self.logger)
    }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    // MARK: - Shorthand

    static func body(_ pieces: String...) -> AsyncThrowingStream<ByteBuffer, any Error> {
        body(pieces.map { ByteBuffer(string: $0) })
    }

    static func body(_ pieces: [ByteBuffer], breaks: Bool = false) -> AsyncThrowingStream<ByteBuffer, any Error> {
        AsyncThrowingStream { stream in
            for piece in pieces { stream.yield(piece) }
            stream.finish(throwing: breaks ? BrokenBody() : nil)
        }
    }

    @discardableResult
    func push(_ text: String, to repository: RepositoryName, algorithm: Digest.Algorithm = .sha256) async throws -> Digest {
        let digest = Digest.of(text.utf8, algorithm: algorithm)
        try await registry.pushBlob(Self.body(text), length: nil, expecting: digest, in: repository, origin: origin)
        return digest
    }

    func pull(_ digest: Digest, from repository: RepositoryName, at node: Registry? = nil) async throws -> String {
        let content = try await (node ?? registry).openBlob(digest, in: repository, origin: origin)
        switch content.bytes {
        case .memory(let bytes): return String(buffer: bytes)
        case .storage(let reader):
            let bytes = try await reader.read(at: 0, length: Int(content.size) + 1)
            await reader.close()
            return String(buffer: bytes)
        case .elsewhere(let url): return url
        }
    }

    @discardableResult
    func pushManifest(
        _ json: String, as reference: String, tags: [String] = [], to repository: RepositoryName
    ) async throws -> ManifestReceipt {
        try await registry.pushManifest(
            ByteBuffer(string: json), contentType: nil, as: Reference(parsing: reference), tags: tags.map { try Tag(parsing: $0) },
            in: repository, origin: origin)
    }

    func pullManifest(_ reference: String, from repository: RepositoryName) async throws -> String {
        String(buffer: try await registry.manifest(Reference(parsing: reference), in: repository, origin: origin).payload)
    }

    /// Pushes an image of one config, its note making it unlike others, and returns its JSON.
    func image(_ note: String, in repository: RepositoryName, more: String = "") async throws -> String {
        let config = try await push("{}", to: repository)
        return #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageManifest)","config":"#
            + Self.descriptor(config, size: 2) + #","layers":[],"annotations":{"note":"\#(note)"}\#(more)}"#
    }

    static func descriptor(_ digest: Digest, size: Int, mediaType: String = "application/octet-stream", more: String = "") -> String {
        #"{"mediaType":"\#(mediaType)","digest":"\#(digest)","size":\#(size)\#(more)}"#
    }

    static func index(_ entries: [String], more: String = "") -> String {
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[\#(entries.joined(separator: ","))]\#(more)}"#
    }

    /// Rows of a query of the test's own, as text.
    func rows(_ sql: String) async throws -> [[String]] {
        try await metadata.read { store in
            try store.connection.rows(sql, []).map { row in
                row.values.map { value in
                    switch value {
                    case .null: "null"
                    case .integer(let number): String(number)
                    case .text(let text): text
                    case .blob(let bytes): Digest(storageKey: bytes)?.description ?? "bytes"
                    }
                }
            }
        }
    }

    /// Files of blobs and uploads; empty in memory.
    var files: [String] {
        (directory?.files(under: "blobs") ?? []) + (directory?.files(under: "uploads") ?? [])
    }
}

extension RegistryError {
    /// The case's name.
    var name: String { Mirror(reflecting: self).children.first?.label ?? "\(self)" }
}

/// The name of the error that `body` throws, nil when it throws none.
func refusal(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? RegistryError)?.name ?? "\(error)"
    }
}
