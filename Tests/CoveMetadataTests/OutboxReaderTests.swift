import CoveOCI
import Dispatch
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("OutboxReader")
struct OutboxReaderTests {
    private static func append(_ tags: [String], to repository: String = "r", _ store: MetadataStore) async throws {
        try await store.write { store in
            for tag in tags {
                try store.append(Event(.push, repository: RepositoryName(parsing: repository), tag: Tag(parsing: tag), origin: .init()))
            }
        }
    }

    private static func tags(_ events: [RecordedEvent]?) -> [String]? { events?.map { $0.event.tag?.description ?? "-" } }

    @Test("a new reader begins at the end, and goes on where it was")
    func resumes() async throws {
        let store = try await StoreFixture.make()
        try await Self.append(["old"], store)
        try await store.beginReaders(["x"])
        try await Self.append(["a", "b", "c"], store)
        let (reader, position) = try await OutboxReader.takeOver("x", of: store)
        let first = try #require(try await reader.events(after: position, limit: 2))
        #expect(Self.tags(first) == ["a", "b"])
        #expect(try await reader.save(OutboxPosition(event: first[0].id, copies: 3)))
        // As after a crash: what was not saved is read again.
        let (again, saved) = try await OutboxReader.takeOver("x", of: store)
        #expect(saved == OutboxPosition(event: first[0].id, copies: 3))
        #expect(try await Self.tags(again.events(after: saved, limit: 9)) == ["b", "c"])
        // Beginning anew changes nothing for who has begun.
        try await store.beginReaders(["x", "y"])
        #expect(try await OutboxReader.takeOver("x", of: store).position == saved)
        let (other, end) = try await OutboxReader.takeOver("y", of: store)
        #expect(try await other.events(after: end, limit: 9) == [])
        try await store.forgetReaders(["x"])
        #expect(try await OutboxReader.takeOver("x", of: store).position == end)
    }

    @Test("who was taken over learns of it with the next call, and changes nothing")
    func takenOver() async throws {
        let store = try await StoreFixture.make()
        let (one, position) = try await OutboxReader.takeOver("x", of: store)
        try await Self.append(["a", "b"], store)
        let events = try #require(try await one.events(after: position, limit: 9))
        let (two, same) = try await OutboxReader.takeOver("x", of: store)
        #expect(same == position)
        #expect(try await two.save(OutboxPosition(event: events[1].id)))
        #expect(try await one.events(after: position, limit: 9) == nil)
        #expect(try await !one.save(OutboxPosition(event: events[0].id)))
        #expect(try await OutboxReader.takeOver("x", of: store).position == OutboxPosition(event: events[1].id))
    }

    @Test("an event comes back as it was appended")
    func fields() async throws {
        var store = try await StoreFixture.make()
        store.source = EventSource(address: "node-1:5000", instance: "i-1")
        let (reader, position) = try await OutboxReader.takeOver("x", of: store)
        var event = try Event(
            .mount, repository: RepositoryName(parsing: "to"), digest: StoreFixture.digest("m"), mediaType: "t/x", size: 9,
            tag: Tag(parsing: "v1"), fromRepository: RepositoryName(parsing: "from"),
            origin: .init(
                actor: "ann", requestID: "id-1", method: "POST", host: "h:5000", address: "10.0.0.1", port: 4711, userAgent: "docker/1",
                baseURL: "https://h:5000/p"))
        let at = try await store.write { [event] store in
            try store.append(event, count: 3)
            try store.append(Event(.delete, repository: RepositoryName(parsing: "r"), origin: .init(address: "::1", port: 1)))
            return store.now
        }
        let events = try #require(try await reader.events(after: position, limit: 9))
        event.origin.address = "10.0.0.1:4711"
        event.origin.port = nil
        #expect(events.first == RecordedEvent(id: events[0].id, at: at, event: event, count: 3, source: store.source))
        #expect(events.last?.event.origin.address == "[::1]:1")
        #expect(events.last?.event.digest == nil)
    }

    @Test("who waits is woken by an append, and by nothing else")
    func signal() async throws {
        let store = try await StoreFixture.make()
        let before = store.appended.generation
        try await store.write { _ = try $0.repository("r") }
        #expect(store.appended.generation == before)
        async let woken: Void = store.appended.wait(past: before, atMost: .seconds(3600))
        try await Self.append(["a"], store)
        await woken
        #expect(store.appended.generation == before + 1)
        let began = ContinuousClock.now
        await store.appended.wait(past: before, atMost: .seconds(3600))
        await store.appended.wait(past: before + 1, atMost: .milliseconds(20))
        let waiting = Task { await store.appended.wait(past: before + 1, atMost: .seconds(3600)) }
        waiting.cancel()
        await waiting.value
        #expect(ContinuousClock.now - began < .seconds(1800))
    }

    @Test("of many writers at once, every event is read once, and those of a repository in order")
    func order() async throws {
        let store = try await StoreFixture.make()
        let (reader, start) = try await OutboxReader.takeOver("x", of: store)
        let (repositories, writers, each) = (3, 6, 25)
        let seen = try await withThrowingTaskGroup(of: [String]?.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    let name = "r\(writer % repositories)"
                    for _ in 0..<each {
                        try await store.write(in: .repository("\(writer)")) { store in
                            _ = try store.repository(name)
                            let count = try store.connection.row("SELECT COUNT(*) FROM event WHERE repository = $1", [.text(name)])
                            try store.append(
                                Event(
                                    .push, repository: RepositoryName(parsing: name), tag: Tag(parsing: "\(count?.integer(0) ?? 0)"),
                                    origin: .init()))
                        }
                    }
                    return nil
                }
            }
            group.addTask {
                var position = start
                var seen: [String] = []
                let deadline = ContinuousClock.now + .seconds(60)
                while seen.count < writers * each, ContinuousClock.now < deadline {
                    for event in try await reader.events(after: position, limit: 7) ?? [] {
                        seen.append("\(event.event.repository) \(event.event.tag?.description ?? "")")
                        position = OutboxPosition(event: event.id)
                    }
                }
                return seen
            }
            return try await group.reduce(into: [String]()) { $0 += $1 ?? [] }
        }
        for repository in 0..<repositories {
            let expected = (0..<writers * each / repositories).map { "r\(repository) \($0)" }
            #expect(seen.filter { $0.hasPrefix("r\(repository) ") } == expected)
        }
    }

    @Test(
        "an event whose transaction ends late is not passed over, and one that is taken back holds nobody up",
        .enabled(if: TestDatabase.url != nil, "only PostgreSQL has writers beside each other"), arguments: [true, false])
    func lateCommit(commits: Bool) async throws {
        struct TakenBack: Error {}
        let engines = try await TestDatabase.nodes(2, on: TestDatabase.url ?? "")
        let store = try await MetadataStore.open(engines[0])
        let other = try await MetadataStore.open(engines[1])
        let (reader, start) = try await OutboxReader.takeOver("x", of: store)
        let (hasAppended, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let late = Task {
            try await other.write(in: .repository("late")) { store in
                try store.append(Event(.push, repository: RepositoryName(parsing: "late"), tag: Tag(parsing: "late"), origin: .init()))
                // What was sent ahead is done when this is answered.
                _ = try store.lastEventID()
                hasAppended.signal()
                mayEnd.wait()
                if !commits { throw TakenBack() }
            }
        }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                hasAppended.wait()
                continuation.resume()
            }
        }
        try await Self.append(["early"], to: "early", store)
        let page = Shared<[String]?>(nil)
        let reading = Task {
            let events = try await reader.events(after: start, limit: 9)
            page.change { $0 = Self.tags(events) }
        }
        try await Task.sleep(for: .milliseconds(200))
        #expect(page.value == nil)
        mayEnd.signal()
        _ = await late.result
        try await reading.value
        #expect(page.value == (commits ? ["late", "early"] : ["early"]))
    }

    @Test("a reader beyond the end, as in a copy whose events were pruned, goes on with what comes")
    func beyondTheEnd() async throws {
        let store = try await StoreFixture.make()
        let (reader, _) = try await OutboxReader.takeOver("x", of: store)
        #expect(try await reader.save(OutboxPosition(event: 500, copies: 1)))
        try await store.beginReaders(["x"])
        let (again, position) = try await OutboxReader.takeOver("x", of: store)
        #expect(position == OutboxPosition(event: 0))
        try await Self.append(["a"], store)
        #expect(try await Self.tags(again.events(after: position, limit: 9)) == ["a"])
    }

    @Test("what a reader has before it is counted by action and type, and those that are behind are named")
    func pending() async throws {
        let store = try await StoreFixture.make()
        let (reader, _) = try await OutboxReader.takeOver("x", of: store)
        _ = try await OutboxReader.takeOver("idle", of: store)
        try await store.write { store in
            let name = try RepositoryName(parsing: "r")
            try store.append(Event(.pull, repository: name, mediaType: "a", origin: .init()), count: 4)
            try store.append(Event(.pull, repository: name, mediaType: "a", origin: .init()))
            try store.append(Event(.push, repository: name, origin: .init()))
        }
        let counts = try await store.read { try $0.pendingEvents(of: "x") }
        #expect(counts.map { "\($0.action) \($0.mediaType ?? "-") \($0.count)" }.sorted() == ["pull a 5", "push - 1"])
        let now = Int64.nowMicroseconds
        let behind = try await store.read { try $0.readersBehind(now + 1, activeSince: 0) }
        #expect(behind.map { "\($0.name) \($0.events)" } == ["idle 3", "x 3"])
        #expect(try await reader.save(OutboxPosition(event: store.read { try $0.lastEventID() })))
        #expect(try await store.read { try $0.readersBehind(now + 1, activeSince: 0) }.map(\.name) == ["idle"])
        #expect(try await store.read { try $0.readersBehind(now + 1, activeSince: now + 60_000_000) }.isEmpty)
        try await store.write { store in
            try store.connection.perform("UPDATE outbox_reader SET updated_at = 5 WHERE name = 'idle'", [])
            try store.pruneReaders(idleSince: 6)
        }
        #expect(try await store.rows("SELECT name FROM outbox_reader") == [[.text("x")]])
    }

    @Test("a manifest is kept for readers when it is deleted, where there are any, as long as its events are")
    func deletedManifest() async throws {
        let store = try await StoreFixture.make()
        let name = try RepositoryName(parsing: "r")
        func payload(_ text: String) async throws -> String? {
            try await store.read { try $0.payload(ofToldManifest: StoreFixture.digest(text), in: name) }
                .map { String(decoding: $0, as: UTF8.self) }
        }
        try await store.write { store in
            let repository = try store.ensureRepository(name)
            for text in ["unread", "read", "there"] { _ = try store.manifest(text, in: repository) }
            _ = try store.deleteManifest(StoreFixture.digest("unread"), in: repository, actor: nil)
            try store.beginReaders(["x"])
            // Twice, as it may be pushed again.
            _ = try store.deleteManifest(StoreFixture.digest("read"), in: repository, actor: nil)
            _ = try store.manifest("read", in: repository)
            _ = try store.deleteManifest(StoreFixture.digest("read"), in: repository, actor: nil)
        }
        #expect(try await payload("unread") == nil)
        #expect(try await payload("read") == "read")
        #expect(try await payload("there") == "there")
        try await store.write { try $0.pruneReaders(idleSince: .nowMicroseconds + 1) }
        #expect(try await payload("read") == nil)
    }
}
