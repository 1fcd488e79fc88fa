import CoveBlobs
import CoveMetadata
import CoveOCI
import Logging
import ServiceLifecycle

/// What a registry does for itself while it serves: it clears what a crash left, ends abandoned uploads, frees blobs
/// that nobody holds, and writes down pulls. Everything runs in small transactions beside pushes and pulls.
package struct Upkeep: Service {
    package struct Options: Sendable {
        /// Whether abandoned uploads are ended at all.
        package var purgesUploads = true
        /// How long an upload may be idle.
        package var uploadAge = Duration.seconds(168 * 3600)
        package var interval = Duration.seconds(24 * 3600)
        /// Only say what would be ended.
        package var dryRun = false
        /// How long a blob may be held by nobody before its bytes go: a push that found the blob just before must have
        /// time to refer to it.
        package var blobGrace = Duration.seconds(24 * 3600)
        /// Whether bytes that the metadata knows nothing of are deleted. Not where it may be other metadata than the bytes'.
        package var reclaimsLeftovers = true
        /// How long events are kept.
        package var eventAge = Duration.seconds(7 * 24 * 3600)

        package init() {}
    }

    private static let batch = 100

    private let registry: Registry
    private let options: Options
    private let mirrors: Mirrors?

    package init(registry: Registry, options: Options, mirrors: Mirrors? = nil) {
        self.registry = registry
        self.options = options
        self.mirrors = mirrors
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await every(.seconds(1)) { await registry.pulls.flush() } }
                group.addTask {
                    await every(.seconds(60)) {
                        await registry.sessions.closeIdle(longerThan: .seconds(300))
                        MemoryReturn.now()
                    }
                }
                group.addTask { await chore("pruning events", every: .seconds(3600)) { try await pruneEvents() } }
                // A read-only registry's directory may be somebody's to copy: not a file of it goes.
                guard !registry.options.readOnly else { return }
                if options.reclaimsLeftovers {
                    group.addTask { await chore("reclaiming leftovers", every: .seconds(24 * 3600)) { try await reclaimLeftovers() } }
                }
                let interval = min(options.interval, .seconds(3600))
                group.addTask { await chore("collecting blobs", every: interval) { try await collectBlobs() } }
                group.addTask { await chore("classifying artifacts", every: .seconds(24 * 3600)) { try await classifyArtifacts() } }
                if let mirrors, let interval = mirrors.evictionInterval {
                    group.addTask { await chore("evicting mirrored content", every: interval) { try await mirrors.evict() } }
                }
                guard options.purgesUploads else { return }
                group.addTask { await chore("ending abandoned uploads", every: interval) { try await purgeUploads() } }
            }
        }
        await registry.pulls.flush()
    }

    /// Deletes bytes that a crash left between being stored and being recorded.
    func reclaimLeftovers() async throws {
        let metadata = registry.metadata
        let storage = registry.storage
        try await storage.leftovers { locations in
            for start in stride(from: 0, to: locations.count, by: Self.batch) {
                let candidates = Array(locations[start..<min(start + Self.batch, locations.count)])
                for location in try await metadata.read({ try $0.unknownLocations(among: candidates) }) {
                    registry.logger.info("reclaimed a blob that was never acknowledged", metadata: ["location": "\(location)"])
                    try await storage.deleteBlob(location)
                }
            }
        } uploads: { ids in
            for id in ids where try await metadata.read({ try $0.upload(id.description) }) == nil {
                registry.logger.info("reclaimed an upload that was never acknowledged", metadata: ["upload": "\(id)"])
                try await storage.discardUpload(id)
            }
        }
        try await storage.sweep { objects in
            var lost: [StoredObject] = []
            for start in stride(from: 0, to: objects.count, by: Self.batch) {
                lost += try await self.lost(among: Array(objects[start..<min(start + Self.batch, objects.count)]))
            }
            for object in lost {
                registry.logger.info("reclaimed bytes of nobody's", metadata: ["location": "\(object.location)"])
            }
            return lost
        }
    }

    /// The objects that are neither a blob's nor an upload's.
    func lost(among objects: [StoredObject]) async throws -> [StoredObject] {
        try await registry.metadata.read { store in
            func unknown(_ objects: [StoredObject]) throws -> [StoredObject] {
                let locations = Set(try store.unknownLocations(among: objects.map(\.location)))
                return objects.filter { locations.contains($0.location) }
            }
            // Most are blobs, which is asked first. The last word is asked after the upload has been seen to be over: a commit
            // ends it and makes the location known at once, and without an upload there is no commit.
            let over = try unknown(objects).filter { try store.upload($0.upload.description) == nil }
            return try unknown(over)
        }
    }

    /// Ends uploads that have been idle for too long.
    func purgeUploads() async throws {
        let cutoff = Int64.nowMicroseconds - options.uploadAge.microseconds
        while true {
            let old = try await registry.metadata.read { try $0.uploads(idleSince: cutoff, limit: Self.batch) }
            for upload in old {
                if options.dryRun {
                    report("would end an abandoned upload", upload)
                    continue
                }
                try await purge(upload, idleSince: cutoff)
            }
            if old.count < Self.batch || options.dryRun { return }
        }
    }

    /// Ends one upload, unless a request is at work on it or was since it was listed.
    private func purge(_ upload: UploadRecord, idleSince cutoff: Int64) async throws {
        guard let id = UploadID(parsing: upload.id), registry.sessions.tryAcquire(id) else { return }
        let session = registry.sessions.take(id)
        do {
            if try await registry.metadata.write(in: .upkeep, { try $0.deleteUpload(upload.id, idleSince: cutoff) }) {
                await session?.writer.close()
                try await registry.storage.discardUpload(id)
                report("ended an abandoned upload", upload)
                await registry.sessions.release(id, keeping: nil)
            } else {
                await registry.sessions.release(id, keeping: session)
            }
        } catch {
            await registry.sessions.release(id, keeping: session)
            throw error
        }
    }

    private func report(_ what: Logger.Message, _ upload: UploadRecord) {
        registry.logger.info(
            what,
            metadata: [
                "upload": "\(upload.id)", "repository": "\(upload.repository)", "bytes": "\(upload.progress.received)",
            ])
    }

    /// Frees blobs that no repository has held for the grace period.
    func collectBlobs() async throws {
        try await registry.freeBlobs(unreferencedBefore: .nowMicroseconds - options.blobGrace.microseconds) { blobs in
            registry.logger.info(
                "collected blobs",
                metadata: ["blobs": "\(blobs.count)", "bytes": "\(blobs.reduce(0) { $0 + $1.size })"])
        }
    }

    /// Drops events that are too old, delivered or not: an endpoint that is down for that long loses them, and is named.
    func pruneEvents() async throws {
        let now = Int64.nowMicroseconds
        let cutoff = now - options.eventAge.microseconds
        let active = now - Duration.seconds(24 * 3600).microseconds
        for (reader, events) in try await registry.metadata.read({ try $0.readersBehind(cutoff, activeSince: active) }) {
            registry.logger.warning(
                "events are dropped that were not delivered in time", metadata: ["reader": "\(reader)", "events": "\(events)"])
        }
        try await registry.metadata.write(in: .upkeep) { store in
            try store.pruneReaders(idleSince: cutoff)
            try store.pruneNotices(before: now - Duration.seconds(3600).microseconds)
        }
        while try await registry.metadata.write(in: .upkeep, { try $0.pruneEvents(before: cutoff, limit: 1000) }) == 1000 {}
    }

    /// Works out the types of manifests that are older than the list of them.
    func classifyArtifacts() async throws {
        while try await registry.metadata.write(in: .upkeep, { try $0.classifyArtifacts(limit: Self.batch) }) == Self.batch {}
    }

    /// Does something now and at intervals; where several nodes share the store, one of them each time.
    private func chore(_ what: String, every interval: Duration, _ body: () async throws -> Void) async {
        let metadata = registry.metadata
        // Nodes ask more often than it is due, so that it goes on when the one that did it last is gone.
        await every(metadata.isShared ? min(interval, .seconds(60)) : interval) {
            do {
                if metadata.isShared {
                    let isDue = try await metadata.write(in: .upkeep) { try $0.takeTurn(at: what, every: interval.microseconds) }
                    guard isDue else { return }
                }
                let start = ContinuousClock.now
                if try await metadata.exclusively(what, body) { registry.upkeep.succeeded(what, since: start) }
            } catch is CancellationError {
                return
            } catch {
                registry.upkeep.failed(what)
                registry.logger.error("\(what) failed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func every(_ interval: Duration, _ body: () async -> Void) async {
        while !Task.isCancelled {
            await body()
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }
}

extension Duration {
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
