import NIOCore

/// Which connections there are and how many commands are under way on each. A value: its owner locks it.
struct ConnectionPool {
    /// A place for a connection, which whoever was given it first makes.
    final class Slot: Sendable {
        let connection: EventLoopPromise<RedisConnection>

        init(_ loop: any EventLoop) {
            connection = loop.makePromise()
        }
    }

    private struct Entry {
        let slot: Slot
        var underWay: Int
    }

    private let size: Int
    private var entries: [Entry] = []

    init(size: Int) {
        self.size = max(1, size)
    }

    /// An idle connection; else a new one, to be made by the caller; else, when there are as many as may be, the one with
    /// the least to do. Give it back with ``release(_:)``.
    mutating func lease(_ makeSlot: () -> Slot) -> (slot: Slot, isNew: Bool) {
        if let least = entries.indices.min(by: { entries[$0].underWay < entries[$1].underWay }),
            entries[least].underWay == 0 || entries.count >= size
        {
            entries[least].underWay += 1
            return (entries[least].slot, false)
        }
        let slot = makeSlot()
        entries.append(Entry(slot: slot, underWay: 1))
        return (slot, true)
    }

    mutating func release(_ slot: Slot) {
        guard let index = entries.firstIndex(where: { $0.slot === slot }) else { return }
        entries[index].underWay -= 1
    }

    /// - Returns: whether it was there.
    @discardableResult
    mutating func remove(_ slot: Slot) -> Bool {
        guard let index = entries.firstIndex(where: { $0.slot === slot }) else { return false }
        entries.remove(at: index)
        return true
    }

    var count: Int { entries.count }

    func contains(_ slot: Slot) -> Bool { entries.contains { $0.slot === slot } }

    mutating func removeAll() -> [Slot] {
        defer { entries = [] }
        return entries.map(\.slot)
    }
}
