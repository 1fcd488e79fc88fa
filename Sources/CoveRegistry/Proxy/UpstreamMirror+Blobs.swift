import CoveBlobs
import CoveClient
import CoveMetadata
import CoveOCI
import Logging
import NIOCore
import Synchronization

/// Where a blob is after its upstream was asked.
enum BlobStart: Sendable {
    case stored
    case underWay(BlobFetch)
}

extension UpstreamMirror {
    /// Opens a blob and counts the pull. One that is not stored comes from the upstream while it is being stored; all who ask
    /// for it meanwhile share that one download, which goes on when they have gone away.
    ///
    /// - Throws: ``RegistryError/blobUnknown(_:)``, ``RegistryError/upstream(_:)``.
    package func openBlob(
        _ digest: Digest, in repository: RepositoryName, origin: Event.Origin
    ) async throws(RegistryError) -> BlobContent {
        let content = try await content(digest, in: repository, origin: origin)
        blobCounter.gave(content.size)
        return content
    }

    private func content(
        _ digest: Digest, in repository: RepositoryName, origin: Event.Origin
    ) async throws(RegistryError) -> BlobContent {
        do throws(RegistryError) {
            let content = try await registry.openBlob(digest, in: repository, origin: origin)
            blobCounter.hit()
            return content
        } catch .blobUnknown {
            switch try await start(digest, in: repository) {
            case .stored: return try await registry.openBlob(digest, in: repository, origin: origin)
            case .underWay(let fetch):
                registry.pulls.record(
                    Event(
                        .pull, repository: repository, digest: digest, mediaType: "application/octet-stream", size: fetch.size,
                        origin: origin))
                return BlobContent(size: fetch.size, bytes: .storage(BlobFetch.Reader(fetch: fetch)))
            }
        }
    }

    /// Size of a blob in bytes: of one that is not stored, as the upstream says.
    ///
    /// - Parameter origin: as of ``Registry/blobSize(_:in:origin:)``.
    package func blobSize(
        _ digest: Digest, in repository: RepositoryName, origin: Event.Origin?
    ) async throws(RegistryError) -> Int64 {
        do throws(RegistryError) {
            return try await registry.blobSize(digest, in: repository, origin: origin)
        } catch .blobUnknown {
            let key = BlobKey(repository: repository, digest: digest)
            if let fetch = blobFetches.withLock({ $0[key] }) { return fetch.size }
            guard !isAbsent("\(repository)@\(digest)") else { throw .blobUnknown(digest) }
            do throws(ClientError) {
                return try await remoteSize(digest, in: repository)
            } catch {
                throw missing(error, "\(repository)@\(digest)") ? RegistryError.blobUnknown(digest) : failure(error)
            }
        }
    }

    private func remoteSize(_ digest: Digest, in repository: RepositoryName) async throws(ClientError) -> Int64 {
        try await asking { () throws(ClientError) in
            try await upstream.client.blobSize(digest, in: upstream.remoteName(of: repository))
        }
    }

    private func start(_ digest: Digest, in repository: RepositoryName) async throws(RegistryError) -> BlobStart {
        let key = BlobKey(repository: repository, digest: digest)
        if let fetch = blobFetches.withLock({ $0[key] }) { return .underWay(fetch) }
        return try await blobStarts.run(key) { () throws(RegistryError) in
            // One may have begun, or even ended, since it was looked for.
            if let fetch = self.blobFetches.withLock({ $0[key] }) { return .underWay(fetch) }
            if try await self.registry.holdsBlob(digest, in: repository) { return .stored }
            guard !self.isAbsent("\(repository)@\(digest)") else { throw .blobUnknown(digest) }
            let blob: RemoteBlob
            do throws(ClientError) {
                if try await self.share(digest, with: repository) { return .stored }
                blob = try await self.asking { () throws(ClientError) in
                    try await self.upstream.client.openBlob(digest, in: self.upstream.remoteName(of: repository))
                }
            } catch {
                throw self.missing(error, "\(repository)@\(digest)") ? RegistryError.blobUnknown(digest) : self.failure(error)
            }
            self.blobCounter.miss()
            return .underWay(try await self.begin(key, blob))
        }
    }

    /// Makes a blob that another repository of this upstream brought here available in this one, once the upstream says that it
    /// has it here as well: whoever may see the one repository there need not see the other.
    private func share(_ digest: Digest, with repository: RepositoryName) async throws(ClientError) -> Bool {
        let holder = try? await registry.blob(
            digest,
            heldWhere: { [upstreams = registry.options.upstreams, prefix = upstream.prefix] in
                upstreams.upstream(of: $0)?.prefix == prefix
            })
        guard let blob = holder ?? nil, try await remoteSize(digest, in: repository) == blob.size else { return false }
        return (try? await registry.share(blob, with: repository)) ?? false
    }

    /// Begins to receive a blob, in a task of its own.
    private func begin(_ key: BlobKey, _ blob: RemoteBlob) async throws(RegistryError) -> BlobFetch {
        let sink = try await registryErrors { try await MirrorSink(registry, digest: key.digest) }
        let fetch = BlobFetch(size: blob.size, bytes: sink.reader)
        blobFetches.withLock { $0[key] = fetch }
        receive(fetch) {
            do throws(RegistryError) {
                try await self.receiveAll(blob, key, fetch, sink)
            } catch {
                await sink.drop()
                fetch.fail("\(error)")
                self.report("a blob did not come from its upstream as it should, and nothing of it is kept", key, error)
            }
            self.blobFetches.withLock { _ = $0.removeValue(forKey: key) }
        }
        return fetch
    }

    private static let mostResumptions = 3

    /// Receives a blob to its end, from where it broke off when it does, and keeps it.
    private func receiveAll(_ blob: RemoteBlob, _ key: BlobKey, _ fetch: BlobFetch, _ sink: MirrorSink) async throws(RegistryError) {
        var (blob, resumptions) = (blob, 0)
        let end = upstream.blobTimeout.map { ContinuousClock.now + $0 }
        while let interruption = try await receive(blob, fetch, sink, until: end) {
            resumptions += 1
            guard interruption.isPassing, resumptions <= Self.mostResumptions else { throw failure(interruption) }
            do throws(ClientError) {
                blob = try await asking { () throws(ClientError) in
                    try await upstream.client.openBlob(
                        key.digest, in: upstream.remoteName(of: key.repository), from: sink.received)
                }
            } catch {
                throw failure(error)
            }
        }
        try sink.verify(key.digest)
        fetch.complete()
        do throws(RegistryError) {
            try await sink.keep(key.digest, in: key.repository)
        } catch {
            report("a blob of an upstream was handed on but could not be kept", key, error)
        }
    }

    /// - Returns: what broke it off; nil when all bytes are there.
    private func receive(
        _ blob: RemoteBlob, _ fetch: BlobFetch, _ sink: MirrorSink, until end: ContinuousClock.Instant?
    ) async throws(RegistryError) -> ClientError? {
        guard blob.size == fetch.size else { return .invalidAnswer("a blob of another size than before") }
        // A registry that does not know ranges begins anew.
        var skipped = sink.received - blob.start
        var body = blob.body.makeAsyncIterator()
        while true {
            var piece: ByteBuffer
            do throws(ClientError) {
                guard let next = try await body.next() else { break }
                piece = next
            } catch {
                return error
            }
            if let end, end < .now { throw failure(.unreachable("a blob took longer than proxy.cachewritetimeout allows")) }
            let known = Int(min(skipped, Int64(piece.readableBytes)))
            piece.moveReaderIndex(forwardBy: known)
            skipped -= Int64(known)
            guard piece.readableBytes > 0 else { continue }
            guard sink.received + Int64(piece.readableBytes) <= fetch.size else { return .invalidAnswer("a blob longer than it said") }
            try await registryErrors { [piece] in try await sink.append(piece) }
            blobCounter.fetched(piece.readableBytes)
            fetch.advance(to: sink.received)
        }
        return sink.received == fetch.size ? nil : .unreachable("a blob ended after \(sink.received) of \(fetch.size) bytes")
    }

    private func report(_ what: Logger.Message, _ key: BlobKey, _ error: RegistryError) {
        registry.logger.error(
            what,
            metadata: [
                "upstream": "\(upstream.client.address)", "repository": "\(key.repository)", "digest": "\(key.digest)",
                "error": "\(error)",
            ])
    }
}
