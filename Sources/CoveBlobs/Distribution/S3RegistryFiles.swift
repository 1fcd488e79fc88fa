import CoveOCI
import Foundation
import NIOCore

/// A tree in a bucket, under the storage's root directory.
struct S3RegistryFiles: RegistryFiles {
    /// Requests that are under way at once.
    private static let concurrency = 32

    let place: S3Place

    func list(_ directories: [String]) async throws(BlobStorageError) -> [Listing] {
        try await each(directories, doing: "listing") { place, path throws(S3Error) in
            var names: [FileEntry] = []
            var token: String?
            repeat {
                let page = try await place.client.listDirectory(place.key("\(path)/"), after: token)
                names += page.files.map { FileEntry(name: $0, isDirectory: false) }
                names += page.directories.map { FileEntry(name: $0, isDirectory: true) }
                token = page.next
            } while token != nil
            // A bucket has no directories but those with something in them.
            if names.isEmpty { return .missing }
            return .entries(names.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
        }
    }

    func read(_ paths: [String], limit: Int) async throws(BlobStorageError) -> [FileContent] {
        try await each(paths, doing: "reading") { place, path throws(S3Error) in
            guard let object = try await place.client.smallObject(place.key(path), limit: limit) else { return .missing }
            guard let bytes = object.bytes else { return .tooLong(size: object.size) }
            return .bytes(Data(bytes.readableBytesView), modified: object.modified)
        }
    }

    func measure(_ paths: [String]) async throws(BlobStorageError) -> [FileSize] {
        try await each(paths, doing: "looking for") { place, path throws(S3Error) in
            try await place.client.measureObject(place.key(path)).map { .bytes($0.size, modified: $0.modified) } ?? .missing
        }
    }

    func hash(_ files: [(path: String, algorithm: Digest.Algorithm)]) async throws(BlobStorageError) -> [FileHash] {
        try await each(files, doing: "reading") { place, file throws(S3Error) in
            guard try await place.client.headObject(place.key(file.path)) != nil else { return .missing }
            let stream = ObjectStream(place.client, place.key(file.path), from: 0)
            defer { stream.close() }
            var digester = Digester(file.algorithm)
            while true {
                let piece = try await stream.read(256 * 1024)
                guard piece.readableBytes > 0 else { return .digest(digester.finalize()) }
                piece.withUnsafeReadableBytes { digester.update($0) }
            }
        }
    }

    /// Maps items by requests side by side, in order.
    private func each<Item: Sendable, Result: Sendable>(
        _ items: [Item], doing verb: String, _ body: @escaping @Sendable (S3Place, Item) async throws(S3Error) -> Result
    ) async throws(BlobStorageError) -> [Result] {
        do {
            return try await withThrowingTaskGroup(of: (Int, Result).self) { [place] group in
                var results = [Result?](repeating: nil, count: items.count)
                for (index, item) in items.enumerated() {
                    if index >= Self.concurrency, let (done, result) = try await group.next() { results[done] = result }
                    group.addTask { (index, try await body(place, item)) }
                }
                for try await (done, result) in group { results[done] = result }
                return results.compactMap { $0 }
            }
        } catch let error as S3Error {
            throw BlobStorageError(error, doing: verb, "the tree of registry:2")
        } catch {
            throw .failed("\(error)")
        }
    }
}

extension S3Storage {
    package var registryFiles: (any RegistryFiles)? { S3RegistryFiles(place: place) }
}
