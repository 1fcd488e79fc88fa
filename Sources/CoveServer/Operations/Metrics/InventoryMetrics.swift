import CoveMetadata
import CoveTelemetry
import Foundation
import Logging
import NIOPosix
import ServiceLifecycle
import Synchronization

/// How much the registry holds, and how much room is left: counted in the background, once a minute at most, and less
/// often where counting takes long.
final class InventoryMetrics: MetricSource, Service {
    private static let bytes = Metric.gauge("cove_storage_bytes", [], "Bytes of all blobs.")
    private static let blobs = Metric.gauge("cove_storage_blobs", [], "Blobs.")
    private static let repositories = Metric.gauge("cove_repositories", [], "Repositories.")
    private static let manifests = Metric.gauge("cove_manifests", [], "Manifests.")
    private static let tags = Metric.gauge("cove_tags", [], "Tags.")
    private static let uploads = Metric.gauge("cove_uploads_unfinished", [], "Uploads that are neither finished nor given up.")
    private static let events = Metric.gauge("cove_events_stored", [], "Events in the outbox, told or not.")
    private static let size = Metric.gauge(
        "cove_storage_filesystem_size_bytes", [], "Size of the filesystem that storage.filesystem.rootdirectory is on.")
    private static let available = Metric.gauge(
        "cove_storage_filesystem_available_bytes", [], "What may still be written to that filesystem.")
    private static let counted = Metric.gauge(
        "cove_inventory_timestamp_seconds", [], "When what the registry holds was counted last, in Unix time.")

    static let metrics = [bytes, blobs, repositories, manifests, tags, uploads, events, size, available, counted]

    private struct Room {
        var size: Int
        var available: Int
    }

    private struct State {
        var inventory: Inventory?
        var room: Room?
        var counted: Int64 = 0
    }

    private static let interval = Duration.seconds(60)
    /// The share of the time that counting may take is the inverse of this.
    private static let leisure = 20

    private let metadata: MetadataStore
    /// Of the blobs; nil where they are not in files.
    private let directory: String?
    private let logger: Logger
    private let state = Mutex(State())

    init(metadata: MetadataStore, directory: String?, logger: Logger) {
        self.metadata = metadata
        self.directory = directory
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let start = ContinuousClock.now
                await self.count()
                let pause = max(Self.interval, (ContinuousClock.now - start) * Self.leisure)
                do { try await Task.sleep(for: pause) } catch { return }
            }
        }
    }

    func count() async {
        do {
            let inventory = try await metadata.read { try $0.inventory() }
            let room = try await room()
            state.withLock { $0 = State(inventory: inventory, room: room, counted: .nowMicroseconds) }
        } catch {
            logger.debug("what the registry holds could not be counted", metadata: ["reason": "\(error)"])
        }
    }

    private func room() async throws -> Room? {
        guard let directory else { return nil }
        return try await NIOThreadPool.singleton.runIfActive { () -> Room? in
            var status = statvfs()
            guard statvfs(directory, &status) == 0 else { return nil }
            let unit = Int(status.f_frsize)
            return Room(size: Int(status.f_blocks) * unit, available: Int(status.f_bavail) * unit)
        }
    }

    func write(to text: inout MetricText) {
        let state = state.withLock { $0 }
        guard let inventory = state.inventory else { return }
        text.write(Self.bytes, Int(inventory.bytes))
        text.write(Self.blobs, Int(inventory.blobs))
        text.write(Self.repositories, Int(inventory.repositories))
        text.write(Self.manifests, Int(inventory.manifests))
        text.write(Self.tags, Int(inventory.tags))
        text.write(Self.uploads, Int(inventory.uploads))
        text.write(Self.events, Int(inventory.events))
        if let room = state.room {
            text.write(Self.size, room.size)
            text.write(Self.available, room.available)
        }
        text.write(Self.counted, Double(state.counted) / 1_000_000)
    }
}
