import CoveOCI
import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("RegistryFiles")
struct RegistryFilesTests {
    private static let contents = ["a/link": "one", "a/b/data": "two", "a/b/empty": "", "a/c/d/e": "three"]

    /// The same answers from a directory and from a bucket.
    private static func onBoth(page: Int = 1000, _ body: (any RegistryFiles) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        for (path, text) in contents { try directory.writeFile(text, to: path) }
        try await body(LocalRegistryFiles(root: directory.path, pool: .singleton))
        try await S3Fixture.with(page: page) { fixture in
            for (path, text) in contents {
                fixture.bucket.state.change {
                    $0.objects["some/root/\(path)"] = .init(bytes: ByteBuffer(string: text), etag: "e", modified: Date())
                }
            }
            try await body(#require(fixture.storage.registryFiles))
        }
    }

    @Test("a directory is listed by name, with what is a directory in it", arguments: [1, 2, 1000])
    func list(page: Int) async throws {
        try await Self.onBoth(page: page) { files in
            let listings = try await files.list(["a", "nothing", "a/b", "a/c"])
            #expect(
                listings == [
                    .entries([
                        FileEntry(name: "b", isDirectory: true), FileEntry(name: "c", isDirectory: true),
                        FileEntry(name: "link", isDirectory: false),
                    ]), .missing, .entries([FileEntry(name: "data", isDirectory: false), FileEntry(name: "empty", isDirectory: false)]),
                    .entries([FileEntry(name: "d", isDirectory: true)]),
                ])
        }
    }

    @Test("files are read whole or not at all, in the order that was asked for")
    func read() async throws {
        let now = Int64(Date().timeIntervalSince1970) * 1_000_000
        try await Self.onBoth { files in
            let read = try await files.read(["a/c/d/e", "a/b/data", "nothing", "a/b/empty"], limit: 3)
            #expect(read[0] == .tooLong(size: 5) && read[2] == .missing)
            guard case .bytes(let bytes, let modified) = read[1], case .bytes(let empty, _) = read[3] else {
                Issue.record("not read: \(read)")
                return
            }
            #expect(bytes == Data("two".utf8) && empty.isEmpty)
            #expect(abs(modified - now) < 60_000_000)
        }
    }

    @Test("many are measured and hashed at once")
    func measureAndHash() async throws {
        try await Self.onBoth { files in
            let paths = (0..<100).map { $0 % 3 == 0 ? "nothing" : $0 % 3 == 1 ? "a/c/d/e" : "a/b/empty" }
            let sizes = try await files.measure(paths).map { size -> Int64? in
                if case .bytes(let count, _) = size { count } else { nil }
            }
            #expect(sizes == (0..<100).map { [nil, 5, 0][$0 % 3] })
            let hashes = try await files.hash(paths.map { ($0, .sha512) })
            let (three, empty) = (Digest.of("three".utf8, algorithm: .sha512), Digest.of("".utf8, algorithm: .sha512))
            #expect(hashes == (0..<100).map { [.missing, .digest(three), .digest(empty)][$0 % 3] })
        }
    }

    @Test("what is no file is said to be unreadable, and a link to a file is one")
    func oddFiles() async throws {
        let directory = try TemporaryDirectory()
        try directory.writeFile("x", to: "folder/file")
        #expect(mkfifo(directory.file("pipe"), 0o600) == 0)
        try FileManager.default.createSymbolicLink(atPath: directory.file("link"), withDestinationPath: "folder/file")
        try FileManager.default.createSymbolicLink(atPath: directory.file("folders"), withDestinationPath: "folder")
        let files = LocalRegistryFiles(root: directory.path, pool: .singleton)
        let read = try await files.read(["pipe", "folder", "link", "folder/file/x"], limit: 10)
        guard case .unreadable = read[0], case .unreadable = read[1], case .bytes = read[2], case .missing = read[3] else {
            Issue.record("\(read)")
            return
        }
        guard case .entries(let entries) = try await files.list([""])[0] else { return }
        #expect(entries.contains(FileEntry(name: "folders", isDirectory: true)))
        #expect(entries.contains(FileEntry(name: "link", isDirectory: false)))
        guard case .unreadable = try await files.list(["link"])[0] else {
            Issue.record("a file was listed as a directory")
            return
        }
    }

    @Test("an S3 that fails ends the reading, as opposed to an object that is not there")
    func failingBucket() async throws {
        try await S3Fixture.with { fixture in
            fixture.server.fail(100, .answer(FakeBucket.error(403, "AccessDenied")))
            let files = try #require(fixture.storage.registryFiles)
            await #expect(throws: BlobStorageError.self) { _ = try await files.read(["a", "b"], limit: 10) }
            await #expect(throws: BlobStorageError.self) { _ = try await files.list(["a"]) }
        }
    }
}
