import CoveOCI
import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("FilesystemStorage")
struct FilesystemStorageTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private static func open(_ path: String) throws(BlobStorageError) -> FilesystemStorage {
        try FilesystemStorage(root: path, pool: .singleton, synchronous: true)
    }

    @Test("blobs lie under their digest, uploads under their id")
    func layout() async throws {
        let storage = try Self.open(directory.path)
        let (blob, upload) = (UploadID(), UploadID())
        try await storage.upload(["abc"], to: blob)
        let digest = Digest.of("abc".utf8)
        let location = try await storage.commit(blob, at: 3, as: digest)
        try await storage.upload(["x"], to: upload)
        #expect(location.wholeMatch(of: /blobs\/sha256\/ba\/([0-9a-f]{64})\.[0-9a-f]{32}/)?.output.1 == digest.hex[...])
        #expect(directory.files() == [location, "cove.lock", "uploads/\(upload)"])
        let mode = try FileManager.default.attributesOfItem(atPath: directory.file(location))[.posixPermissions] as? Int
        #expect(mode.map { $0 & 0o007 } == 0)
    }

    @Test("the directory is made, with those above it")
    func makesDirectory() async throws {
        let storage = try Self.open(directory.file("a/b/c"))
        try await storage.probe()
        #expect(directory.files(under: "a/b/c").contains("cove.lock"))
    }

    #if os(Linux)
        @Test("space set aside for an upload is given back when the upload is kept", arguments: [true, false])
        func givesBackSpace(synchronous: Bool) async throws {
            let storage = try FilesystemStorage(root: directory.path, pool: .singleton, synchronous: synchronous)
            let id = UploadID()
            let writer = try await storage.openUpload(id, at: .start)
            let piece = ByteBuffer(repeating: 7, count: 1 << 20)
            for _ in 0..<20 { try await writer.append([piece]) }
            func allocated() throws -> Int {
                var status = stat()
                #expect(lstat(directory.file("uploads/\(id)"), &status) == 0)
                return Int(status.st_blocks) * 512
            }
            _ = try await writer.synchronize()
            #expect(try allocated() <= 21 << 20)
            try await writer.append([piece])
            _ = try await writer.synchronize()
            await writer.close()
            #expect(try allocated() <= 22 << 20)
        }
    #endif

    @Test("a path that is a file is refused")
    func fileInTheWay() throws {
        let path = try directory.write("", to: "file")
        #expect {
            try Self.open(path)
        } throws: { error in
            guard case .failed(let why) = error as? BlobStorageError else { return false }
            return why.contains(path)
        }
    }

    @Test("a directory that is in use is refused, until it no longer is")
    func lock() throws {
        do {
            let first = try Self.open(directory.path)
            let expected =
                "\(directory.path) is in use by another cove process; stop it, or give this one another storage.filesystem.rootdirectory"
            #expect(throws: BlobStorageError.failed(expected)) { try Self.open(directory.path) }
            withExtendedLifetime(first) {}
        }
        #expect(throws: Never.self) { try Self.open(directory.path) }
    }

    @Test("what was stored is there when the directory is opened again")
    func reopen() async throws {
        let upload = UploadID()
        let location = try await {
            let storage = try Self.open(directory.path)
            try await storage.upload(["part"], to: upload)
            return try await storage.store("kept")
        }()
        let storage = try Self.open(directory.path)
        #expect(try await storage.text(at: location) == "kept")
        try await storage.upload(["ed"], to: upload, at: 4)
        #expect(try await storage.text(of: upload, to: 6) == "parted")
    }

    /// What the storage calls nobody's work.
    private static func leftovers(_ storage: FilesystemStorage) async throws -> (blobs: Set<String>, uploads: Set<UploadID>) {
        let blobs = Shared<Set<String>>([])
        let uploads = Shared<Set<UploadID>>([])
        try await storage.leftovers { found in
            blobs.change { $0.formUnion(found) }
        } uploads: { found in
            uploads.change { $0.formUnion(found) }
        }
        return (blobs.value, uploads.value)
    }

    @Test("leftovers are what a process before this one left, and no upload of this one's")
    func leftovers() async throws {
        let oldUpload = UploadID()
        let oldBlobs = try await {
            let storage = try Self.open(directory.path)
            try await storage.upload(["part"], to: oldUpload)
            try directory.write("no upload", to: "uploads/notes.txt")
            #expect(try await Self.leftovers(storage).uploads == [])
            return try await [storage.store("one"), storage.store("two"), storage.store("one")]
        }()
        let storage = try Self.open(directory.path)
        let newUpload = UploadID()
        try await storage.upload(["new"], to: newUpload)
        let found = try await Self.leftovers(storage)
        #expect(found.blobs == Set(oldBlobs))
        #expect(found.uploads == [oldUpload])
        // Taken up again, it is work; dropped, it is gone.
        try await storage.upload(["ed"], to: oldUpload, at: 4)
        #expect(try await Self.leftovers(storage).uploads == [])
        try await storage.discardUpload(oldUpload)
        #expect(directory.files(under: "uploads") == [newUpload.description, "notes.txt"].sorted())
    }

    @Test("a blob is no leftover while its place is being recorded, and neither is its upload")
    func leftoversWhileRecording() async throws {
        let storage = try Self.open(directory.path)
        let id = UploadID()
        try await storage.upload(["x"], to: id)
        try await storage.commit(id, at: 1, as: Digest.of("x".utf8)) { _ in
            let found = try? await Self.leftovers(storage)
            #expect(found?.blobs == [] && found?.uploads == [])
            return .unknown
        }
        #expect(try await Self.leftovers(storage).blobs.count == 1)
    }

    @Test("an open file is closed once, however often it is asked to")
    func fileDescriptor() throws {
        let file = FileDescriptor(try SystemCalls.open(directory.file("x"), O_RDWR | O_CREAT))
        #expect(file.use { $0 } >= 0)
        file.close()
        file.close()
        #expect(file.use { $0 } == -1)
        #expect(throws: BlobStorageError.self) { try file.use { descriptor throws(BlobStorageError) in try SystemCalls.size(descriptor) } }
    }

    @Test("a task that was cancelled still puts its bytes away")
    func cancelled() async throws {
        let storage = try Self.open(directory.path)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await storage.store("kept")
        }
        #expect(try await storage.text(at: task.value) == "kept")
    }

    @Test("memory has no leftovers")
    func memoryLeftovers() async throws {
        let storage = MemoryStorage()
        _ = try await storage.store("one")
        try await storage.leftovers { _ in
            Issue.record("there was a blob")
        } uploads: { ids in
            #expect(ids.isEmpty)
        }
    }

    @Test("with its threads stopped, every call fails rather than hangs")
    func stoppedThreads() async throws {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let storage = try FilesystemStorage(root: directory.path, pool: pool, synchronous: true)
        try await pool.shutdownGracefully()
        await #expect {
            try await storage.probe()
        } throws: { error in
            guard case .failed(let why) = error as? BlobStorageError else { return false }
            return why.hasPrefix("the storage's threads have stopped")
        }
    }

    @Test("a system call that fails says which, on what and why")
    func reason() async throws {
        let storage = try Self.open(directory.path)
        let location = try await storage.store("x")
        try FileManager.default.removeItem(atPath: directory.file(location))
        try FileManager.default.createDirectory(atPath: directory.file(location), withIntermediateDirectories: false)
        await #expect {
            try await storage.deleteBlob(location)
        } throws: { error in
            guard case .failed(let why) = error as? BlobStorageError else { return false }
            return why.hasPrefix("unlink \(directory.path)/\(location): ")
        }
    }
}
