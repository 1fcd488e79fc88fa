import Synchronization

/// What this process has written for each upload, so that all of it can be removed without asking the service for lists,
/// and nothing that another node has written is.
final class UploadLedger: Sendable {
    struct Multipart: Sendable, Hashable {
        let location: String
        let id: String
    }

    /// What there is of one upload.
    struct Entry: Sendable {
        var objects: Set<String> = []
        var multiparts: Set<Multipart> = []
        /// The one that is open, if any.
        var writer: S3UploadWriter?
        /// Whether the upload has become a blob, or was dropped.
        var isOver = false
    }

    /// Uploads that are remembered after their writer was closed. What is forgotten is found by the leftovers' search.
    private static let mostKept = 10_000

    private struct State {
        var entries: [UploadID: Entry] = [:]
        /// Closed ones in the order of their closing; may name some twice, or some that are open again.
        var closed: [UploadID] = []
    }

    private let state = Mutex(State())

    func entry(of id: UploadID) -> Entry? { state.withLock { $0.entries[id] } }

    func open(_ id: UploadID, _ writer: S3UploadWriter) {
        change(id) { entry in
            entry.writer = writer
            entry.isOver = false
        }
    }

    func close(_ id: UploadID, _ writer: S3UploadWriter) {
        state.withLock { state in
            guard state.entries[id]?.writer === writer else { return }
            state.entries[id]?.writer = nil
            state.closed.append(id)
            guard state.closed.count > 2 * Self.mostKept else { return }
            let old = state.closed.prefix(Self.mostKept)
            state.closed.removeFirst(Self.mostKept)
            for id in old where state.entries[id]?.writer == nil { state.entries[id] = nil }
        }
    }

    /// Notes an object before it is written: it may be there even if writing it seems to fail.
    func write(_ location: String, of id: UploadID) { change(id) { $0.objects.insert(location) } }
    func begin(_ multipart: Multipart, of id: UploadID) { change(id) { $0.multiparts.insert(multipart) } }

    /// Notes that a multipart upload has become an object.
    func join(_ multipart: Multipart, of id: UploadID) {
        change(id) { entry in
            entry.multiparts.remove(multipart)
            entry.objects.insert(multipart.location)
        }
    }

    func forget(_ locations: [String], of id: UploadID) { change(id) { $0.objects.subtract(locations) } }

    /// Ends an upload.
    ///
    /// - Returns: what there was of it.
    func end(_ id: UploadID) -> Entry? {
        state.withLock { state in
            guard let entry = state.entries[id] else { return nil }
            state.entries[id] = Entry(writer: entry.writer, isOver: true)
            return entry
        }
    }

    /// Uploads that somebody has open here.
    var active: Set<UploadID> { state.withLock { Set($0.entries.filter { $0.value.writer != nil }.keys) } }

    private func change(_ id: UploadID, _ body: (inout Entry) -> Void) {
        state.withLock { body(&$0.entries[id, default: Entry()]) }
    }
}
