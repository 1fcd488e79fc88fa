import CoveBlobs
import CoveOCI
import Foundation
import NIOPosix
import TestSupport

/// A tree as registry:2 leaves it, written by hand.
final class OldRegistry: Sendable {
    static let repositories = "docker/registry/v2/repositories"

    let directory: TemporaryDirectory
    var files: any RegistryFiles { LocalRegistryFiles(root: directory.path, pool: .singleton) }

    init() throws {
        directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.file(Self.repositories), withIntermediateDirectories: true)
    }

    func write(_ text: String, to path: String) throws {
        let folder = (directory.file(path) as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try directory.write(text, to: path)
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: directory.file(path)) }

    func path(of digest: Digest) -> String {
        "docker/registry/v2/blobs/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))/\(digest.hex)/data"
    }

    /// Stores content that no repository has a link to.
    @discardableResult
    func store(_ text: String, algorithm: Digest.Algorithm = .sha256) throws -> Digest {
        let digest = Digest.of(text.utf8, algorithm: algorithm)
        try write(text, to: path(of: digest))
        return digest
    }

    @discardableResult
    func layer(_ text: String, in name: String, algorithm: Digest.Algorithm = .sha256) throws -> Digest {
        let digest = try store(text, algorithm: algorithm)
        try write("\(digest)", to: "\(Self.repositories)/\(name)/_layers/\(digest.algorithm.rawValue)/\(digest.hex)/link")
        return digest
    }

    func revision(_ digest: Digest, in name: String) -> String {
        "\(Self.repositories)/\(name)/_manifests/revisions/\(digest.algorithm.rawValue)/\(digest.hex)/link"
    }

    @discardableResult
    func manifest(_ json: String, in name: String, algorithm: Digest.Algorithm = .sha256) throws -> Digest {
        let digest = try store(json, algorithm: algorithm)
        try write("\(digest)", to: revision(digest, in: name))
        return digest
    }

    func tag(_ tag: String, _ digest: Digest, in name: String, earlier: [Digest] = []) throws {
        let folder = "\(Self.repositories)/\(name)/_manifests/tags/\(tag)"
        for (number, digest) in (earlier + [digest]).enumerated() {
            let path = "\(folder)/index/\(digest.algorithm.rawValue)/\(digest.hex)/link"
            try write("\(digest)", to: path)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_600_000_000 + Double(number) * 60)], ofItemAtPath: directory.file(path))
        }
        try write("\(digest)", to: "\(folder)/current/link")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_600_000_000 + Double(earlier.count) * 60)],
            ofItemAtPath: directory.file("\(folder)/current/link"))
    }

    /// The JSON of an image whose config and layers are stored and linked.
    func image(_ note: String, layers: [String] = [], in name: String, mediaType: String = MediaType.imageManifest) throws -> String {
        let config = try layer("{\"note\":\"\(note)\"}", in: name)
        let descriptors = try layers.map { RegistryFixture.descriptor(try layer($0, in: name), size: $0.utf8.count) }
        return #"{"schemaVersion":2,"mediaType":"\#(mediaType)","config":"#
            + RegistryFixture.descriptor(config, size: note.utf8.count + 11)
            + #","layers":[\#(descriptors.joined(separator: ","))]}"#
    }

    func index(_ children: [(Digest, String)], more: String = "") -> String {
        RegistryFixture.index(
            children.map { RegistryFixture.descriptor($0.0, size: $0.1.utf8.count, mediaType: MediaType.imageManifest) }, more: more)
    }
}
