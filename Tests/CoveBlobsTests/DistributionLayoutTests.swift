import CoveOCI
import Foundation
import NIOPosix
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("Distribution's layout")
struct DistributionLayoutTests {
    private let digest = Digest.of("abc".utf8)
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func storage() throws -> FilesystemStorage {
        try FilesystemStorage(root: directory.path, pool: .singleton, synchronous: false)
    }

    @Test("the paths are those of Distribution")
    func paths() throws {
        let hex = digest.hex
        #expect(DistributionLayout.data(digest) == "docker/registry/v2/blobs/sha256/ba/\(hex)/data")
        #expect(
            DistributionLayout.revision(digest, in: "team/app")
                == "docker/registry/v2/repositories/team/app/_manifests/revisions/sha256/\(hex)/link")
        #expect(DistributionLayout.currentTag("v1", in: "app") == "docker/registry/v2/repositories/app/_manifests/tags/v1/current/link")
        #expect(
            DistributionLayout.tagIndex("v1", digest, in: "app")
                == "docker/registry/v2/repositories/app/_manifests/tags/v1/index/sha256/\(hex)/link")
        #expect(DistributionLayout.layer(digest, in: "app") == "docker/registry/v2/repositories/app/_layers/sha256/\(hex)/link")
        let long = Digest.of("abc".utf8, algorithm: .sha512)
        #expect(DistributionLayout.digest(ofData: DistributionLayout.data(long)) == long)
        #expect(DistributionLayout.digest(ofData: DistributionLayout.data(digest)) == digest)
    }

    @Test(
        "nothing but the two forms is a location",
        arguments: [
            "", "/etc/passwd", "../../etc/passwd", "cove.db", "blobs", "blobs/sha256/ba/x", "uploads/0123456789abcdef0123456789abcdef",
            "blobs/sha256/ba/../../../cove.db", "docker/registry/v2/blobs/sha256/ba/../../../../../cove.db",
            "docker/registry/v2/blobs/sha256/ba/HEX", "docker/registry/v2/blobs/sha256/00/HEX/data",
            "docker/registry/v2/blobs/sha256/ba/HEX/data/", "docker/registry/v2/blobs/sha256/ba/HEX/data/../../x",
            "docker/registry/v2/blobs/sha256/ba/HEX/startedat", "/docker/registry/v2/blobs/sha256/ba/HEX/data",
            "docker/registry/v2/repositories/app/_layers/sha256/HEX/link", "blobs/sha256/00/HEX.0123456789abcdef0123456789abcdef",
            "blobs/sha256/ba/HEX.0123456789abcdef0123456789abcde", "blobs/sha256/ba/HEX.0123456789abcdef0123456789abcdef/x",
            "blobs/sha512/ba/HEX.0123456789abcdef0123456789abcdef", "docker/registry/v2/blobs/sha256/ba/HEX\u{0}/data",
        ])
    func refusedLocations(pattern: String) async throws {
        let location = pattern.replacingOccurrences(of: "HEX", with: digest.hex)
        let storage = try storage()
        await #expect(throws: BlobStorageError.self) { _ = try await storage.openBlob(location) }
        await #expect(throws: BlobStorageError.self) { _ = try await storage.size(of: location) }
        await #expect(throws: BlobStorageError.self) { try await storage.deleteBlob(location) }
    }

    @Test("a blob of registry:2 is read where it lies, and deleted with its directory")
    func foreignBlob() async throws {
        let storage = try storage()
        let location = DistributionLayout.data(digest)
        try directory.writeFile("abc", to: location)
        #expect(try await storage.size(of: location) == 3)
        #expect(try await storage.text(at: location) == "abc")
        try await storage.deleteBlob(location)
        try await storage.deleteBlob(location)
        #expect(try await storage.size(of: location) == nil)
        #expect(!FileManager.default.fileExists(atPath: directory.file(DistributionLayout.directory(of: digest))))
    }

    @Test("a directory in which somebody put something else stays")
    func foreignDirectoryInUse() async throws {
        let storage = try storage()
        try directory.writeFile("abc", to: DistributionLayout.data(digest))
        try directory.writeFile("note", to: "\(DistributionLayout.directory(of: digest))/note")
        try await storage.deleteBlob(DistributionLayout.data(digest))
        #expect(directory.files(under: DistributionLayout.directory(of: digest)) == ["note"])
    }

    @Test("what a crash left is looked for among this storage's own files only", arguments: ["", "docker/registry/v2"])
    func leftovers(folder: String) async throws {
        try directory.writeFile("abc", to: DistributionLayout.data(digest))
        try directory.writeFile("half", to: "docker/registry/v2/repositories/app/_uploads/x/data")
        // The root may even be the inside of a tree of registry:2, where both have a folder of this name.
        let storage = try FilesystemStorage(
            root: folder.isEmpty ? directory.path : directory.file(folder), pool: .singleton, synchronous: false)
        let seen = Shared<[String]>([])
        try await storage.leftovers { locations in
            seen.change { $0 += locations }
        } uploads: { ids in
            seen.change { $0 += ids.map(\.description) }
        }
        #expect(seen.value == [])
        let own = try await storage.store("mine")
        let other = try FileLocation(parsing: own)
        #expect(other.form == .own && other.digest == Digest.of("mine".utf8))
    }
}

extension TemporaryDirectory {
    /// Writes a file, with the folders that it is in.
    func writeFile(_ text: String, to name: String) throws {
        let folder = (file(name) as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try write(text, to: name)
    }
}
