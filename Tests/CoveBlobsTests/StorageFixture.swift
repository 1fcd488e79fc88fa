import CoveBlobs
import CoveOCI
import Foundation
import NIOCore
import NIOPosix
import TestSupport

/// A storage of one kind, with a directory of its own when it needs one.
struct StorageFixture {
    enum Kind: CaseIterable, Sendable {
        case memory, filesystem
    }

    let storage: any BlobStorage
    private let directory: TemporaryDirectory?

    init(_ kind: Kind) throws {
        if kind == .memory {
            storage = MemoryStorage()
            directory = nil
        } else {
            let directory = try TemporaryDirectory()
            storage = try FilesystemStorage(root: directory.path, pool: .singleton, synchronous: true)
            self.directory = directory
        }
    }
}

/// A checkpoint without a mark: enough for storages that need none.
extension UploadCheckpoint: ExpressibleByIntegerLiteral {
    public init(integerLiteral offset: Int64) {
        self.init(offset: offset)
    }
}

extension BlobStorage {
    /// Appends pieces to an upload, from `checkpoint` on.
    @discardableResult
    func upload(_ pieces: [String], to id: UploadID, at checkpoint: UploadCheckpoint = .start) async throws -> UploadCheckpoint {
        let writer = try await openUpload(id, at: checkpoint)
        try await writer.append(pieces.map { ByteBuffer(string: $0) })
        let reached = try await writer.synchronize()
        await writer.close()
        return reached
    }

    /// Gives an upload its place and records it, and returns the location.
    func commit(_ id: UploadID, at checkpoint: UploadCheckpoint, as digest: Digest) async throws -> String {
        let place = Shared("")
        try await commit(id, at: checkpoint, as: digest) { location in
            place.change { $0 = location }
            return .recorded
        }
        return place.value
    }

    /// Stores a blob and returns its location.
    func store(_ text: String) async throws -> String {
        let id = UploadID()
        let checkpoint = try await upload([text], to: id)
        return try await commit(id, at: checkpoint, as: Digest.of(text.utf8))
    }

    /// The whole blob, which must not have more than 1000 bytes.
    func text(at location: String) async throws -> String {
        let reader = try await openBlob(location)
        let bytes = try await reader.read(at: 0, length: 1000)
        await reader.close()
        return String(buffer: bytes)
    }

    func text(of id: UploadID, to checkpoint: UploadCheckpoint) async throws -> String {
        let collected = Shared<[UInt8]>([])
        try await readUpload(id, to: checkpoint) { piece in collected.change { $0.append(contentsOf: piece) } }
        return String(decoding: collected.value, as: UTF8.self)
    }
}
