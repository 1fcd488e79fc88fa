import AsyncHTTPClient
import CoveMetadata
import CoveOCI
import Foundation
import Logging
import NIOHTTP1
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("Notifications: delivery")
struct EndpointDeliveryTests {
    /// Answers as a test says and keeps what was taken, by endpoint.
    private final class Receiver: EventSender {
        let taken = Shared<[String: [String]]>([:])
        let attempts = Shared<[String: Int]>([:])
        private let answer: @Sendable (_ endpoint: String, _ attempt: Int) async -> DeliveryOutcome

        init(_ answer: @escaping @Sendable (_ endpoint: String, _ attempt: Int) async -> DeliveryOutcome = { _, _ in .answered(200, "OK") })
        {
            self.answer = answer
        }

        func send(_ envelope: Data, to endpoint: NotificationEndpoint) async -> DeliveryOutcome {
            let attempt = attempts.change { $0[endpoint.name, default: 0] += 1 }[endpoint.name] ?? 0
            let outcome = await answer(endpoint.name, attempt)
            if outcome.isSuccess { taken.change { $0[endpoint.name, default: []].append(Self.words(envelope)) } }
            return outcome
        }

        /// The event in a few words: action, repository and tag.
        private static func words(_ envelope: Data) -> String {
            let root = try? JSONSerialization.jsonObject(with: envelope) as? [String: Any]
            let event = (root?["events"] as? [[String: Any]])?.first
            let target = event?["target"] as? [String: Any]
            return [event?["action"], target?["repository"], target?["tag"]].compactMap { $0 as? String }.joined(separator: " ")
        }

        func has(_ count: Int, _ endpoint: String = "a") async -> Bool {
            for _ in 0..<2000 {
                if (taken.value[endpoint]?.count ?? 0) >= count { return true }
                try? await Task.sleep(for: .milliseconds(5))
            }
            return false
        }
    }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func endpoint(_ name: String = "a") -> NotificationEndpoint {
        NotificationEndpoint(name: name, url: "http://u:p@h/?t=1", shownURL: "http://h/")
    }

    private static func push(_ tags: Range<Int>, _ store: MetadataStore, action: Event.Action = .push) async throws {
        for tag in tags {
            try await store.write { store in
                try store.append(
                    Event(action, repository: RepositoryName(parsing: "r"), mediaType: "m/t", tag: Tag(parsing: "\(tag)"), origin: .init()))
            }
        }
    }

    private static func words(_ tags: Range<Int>) -> [String] { tags.map { "push r \($0)" } }

    /// Runs a dispatcher during `body`.
    private static func dispatching(
        _ store: MetadataStore, to endpoints: [NotificationEndpoint] = [EndpointDeliveryTests.endpoint()], by receiver: Receiver,
        clock: DeliveryClock = .continuous(), _ body: (NotificationDispatcher) async throws -> Void
    ) async throws {
        var options = NotificationDispatcher.Options()
        options.endpoints = endpoints
        let dispatcher = NotificationDispatcher(metadata: store, options: options, clock: clock, logger: logger) { receiver }
        try await dispatcher.prepare()
        let task = Task { try await dispatcher.run() }
        do { try await body(dispatcher) } catch {
            task.cancel()
            throw error
        }
        task.cancel()
        try await task.value
    }

    @Test("what is appended is delivered at once, in order, and none again after a restart")
    func delivers() async throws {
        let store = try await MetadataStore.open(TestDatabase.engine())
        let receiver = Receiver()
        try await Self.push(0..<2, store)
        try await Self.dispatching(store, by: receiver) { _ in
            try await Self.push(2..<5, store)
            #expect(await receiver.has(3))
        }
        try await Self.push(5..<7, store)
        try await Self.dispatching(store, by: receiver) { _ in
            #expect(await receiver.has(5))
            try await Self.push(7..<8, store)
            #expect(await receiver.has(6))
        }
        #expect(receiver.taken.value["a"] == Self.words(2..<8))
    }

    @Test("a receiver that is down loses nothing: so many tries at once, then one after each pause")
    func backoff() async throws {
        let store = try await MetadataStore.open(TestDatabase.engine())
        let receiver = Receiver { _, attempt in
            attempt <= 3 ? .answered(503, "Service Unavailable") : attempt <= 7 ? .failed("refused") : .answered(202, "Accepted")
        }
        let time = Shared<Duration>(.zero)
        let pauses = Shared<[Duration]>([])
        let clock = DeliveryClock(
            now: { time.value },
            sleep: { pause in
                try Task.checkCancellation()
                time.change { $0 += pause }
                pauses.change { $0.append(pause) }
                await Task.yield()
            })
        var endpoint = Self.endpoint()
        (endpoint.threshold, endpoint.backoff) = (4, .seconds(30))
        try await Self.dispatching(store, to: [endpoint], by: receiver, clock: clock) { dispatcher in
            try await Self.push(0..<3, store)
            #expect(await receiver.has(3))
            #expect(receiver.taken.value["a"] == Self.words(0..<3))
            // Three failures with no pause, then one after each of four, then the first success.
            #expect(pauses.value.filter { $0 == .seconds(30) }.count == 4)
            #expect(pauses.value.filter { $0 == .zero }.count == 3)
            // The receiver has an event a little before that is counted.
            var metrics = try #require(await dispatcher.state().first?.metrics)
            for _ in 0..<2000 where metrics.successes < 3 {
                try await Task.sleep(for: .milliseconds(5))
                metrics = try #require(await dispatcher.state().first?.metrics)
            }
            #expect((metrics.failures, metrics.errors, metrics.successes, metrics.events) == (3, 4, 3, 3))
            #expect(metrics.statuses == ["503 Service Unavailable": 3, "202 Accepted": 3])
        }
    }

    @Test("a receiver that hangs keeps no other from its events")
    func independence() async throws {
        let store = try await MetadataStore.open(TestDatabase.engine())
        let isHanging = Shared(true)
        let receiver = Receiver { endpoint, _ in
            while endpoint == "slow", isHanging.value, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
            return .answered(200, "OK")
        }
        try await Self.dispatching(store, to: [Self.endpoint("slow"), Self.endpoint("a")], by: receiver) { _ in
            try await Self.push(0..<4, store)
            #expect(await receiver.has(4))
            #expect(receiver.taken.value["slow"] == nil)
            isHanging.change { $0 = false }
            #expect(await receiver.has(4, "slow"))
        }
        #expect(receiver.taken.value["slow"] == Self.words(0..<4))
    }

    @Test("what a row stands for is delivered so many times, and what an endpoint ignores not at all")
    func filters() async throws {
        let store = try await MetadataStore.open(TestDatabase.engine())
        let receiver = Receiver()
        var ignoring = Self.endpoint("ignoring")
        ignoring.ignoredMediaTypes = ["x/y"]
        ignoring.ignore.mediaTypes = ["m/t"]
        ignoring.ignore.actions = ["mount"]
        var only = Self.endpoint("only")
        only.actions = ["pull", "delete"]
        try await Self.dispatching(store, to: [Self.endpoint(), ignoring, only], by: receiver) { _ in
            try await store.write { store in
                let name = try RepositoryName(parsing: "r")
                let events: [(Event.Action, String)] = [(.push, "x/y"), (.mount, "a/b"), (.pull, "m/t"), (.delete, "m/t"), (.push, "a/b")]
                for (action, type) in events {
                    try store.append(Event(action, repository: name, mediaType: type, origin: .init()), count: action == .pull ? 3 : 1)
                }
            }
            #expect(await receiver.has(7))
            #expect(await receiver.has(2, "ignoring"))
            #expect(await receiver.has(4, "only"))
        }
        #expect(receiver.taken.value["a"] == ["push r", "mount r", "pull r", "pull r", "pull r", "delete r", "push r"])
        // A deletion has no media type.
        #expect(receiver.taken.value["ignoring"] == ["delete r", "push r"])
        #expect(receiver.taken.value["only"] == ["pull r", "pull r", "pull r", "delete r"])
    }

    @Test("an endpoint that was switched off begins anew, and one that was left alone goes on")
    func disabled() async throws {
        let store = try await MetadataStore.open(TestDatabase.engine())
        let receiver = Receiver()
        var options = NotificationDispatcher.Options()
        options.endpoints = [Self.endpoint("a"), Self.endpoint("b")]
        func prepare() async throws {
            try await NotificationDispatcher(metadata: store, options: options, clock: .continuous(), logger: Self.logger) { receiver }
                .prepare()
        }
        try await prepare()
        (options.endpoints, options.disabled) = ([], ["b"])
        try await Self.push(0..<1, store)
        try await prepare()
        try await Self.dispatching(store, to: [Self.endpoint("a"), Self.endpoint("b")], by: receiver) { _ in
            try await Self.push(1..<2, store)
            #expect(await receiver.has(2))
            #expect(await receiver.has(1, "b"))
        }
        #expect(receiver.taken.value == ["a": Self.words(0..<2), "b": Self.words(1..<2)])
    }

    @Test("of nodes that share a store one delivers, and when it is gone another goes on", .enabled(if: TestDatabase.url != nil))
    func nodes() async throws {
        let engines = try await TestDatabase.nodes(2, on: TestDatabase.url ?? "")
        let stores = [try await MetadataStore.open(engines[0]), try await MetadataStore.open(engines[1])]
        let receiver = Receiver()
        try await Self.dispatching(stores[1], by: receiver) { _ in
            try await Self.dispatching(stores[0], by: receiver) { _ in
                for round in 0..<10 {
                    try await Self.push(round * 4..<round * 4 + 2, stores[0])
                    try await Self.push(round * 4 + 2..<round * 4 + 4, stores[1])
                }
                #expect(await receiver.has(40))
            }
            try await Self.push(40..<50, stores[0])
            #expect(await receiver.has(50))
        }
        #expect(receiver.taken.value["a"] == Self.words(0..<50))
    }

    @Test("the state of an endpoint is Distribution's JSON, without secrets")
    func state() async throws {
        let store = try await MetadataStore.open(SQLiteEngine(.memory))
        var options = NotificationDispatcher.Options()
        var endpoint = Self.endpoint()
        endpoint.headers = [("Authorization", ["Bearer hush"])]
        endpoint.ignore.actions = ["mount"]
        endpoint.timeout = .milliseconds(1500)
        options.endpoints = [endpoint]
        let dispatcher = NotificationDispatcher(metadata: store, options: options, logger: Self.logger)
        try await dispatcher.prepare()
        try await Self.push(0..<3, store)
        try await Self.push(3..<5, store, action: .mount)
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(await dispatcher.state())) as? NSArray
        let sample = """
            [{"name": "a", "url": "http://h/", "Headers": {"Authorization": ["<hidden>"]}, "Timeout": 1500000000, "Threshold": 10,
              "Backoff": 1000000000, "IgnoredMediaTypes": [], "Ignore": {"MediaTypes": [], "Actions": ["mount"]},
              "Metrics": {"Pending": 3, "Events": 0, "Successes": 0, "Failures": 0, "Errors": 0, "Statuses": {}}}]
            """
        #expect(try json == JSONSerialization.jsonObject(with: Data(sample.utf8)) as? NSArray)
    }

    @Test("a request carries the endpoint's headers, and the login of its URL as a header")
    func request() throws {
        var endpoint = Self.endpoint()
        endpoint.headers = [("X-Two", ["1", "2"])]
        var request = HTTPEventSender.request(Data("{}".utf8), to: endpoint, userAgent: "cove/1")
        #expect(request.url == "http://h/?t=1")
        #expect(request.headers["X-Two"] == ["1", "2"])
        #expect(request.headers["Content-Type"] == ["application/vnd.docker.distribution.events.v1+json"])
        #expect(request.headers["Authorization"] == ["Basic \(Data("u:p".utf8).base64EncodedString())"])
        endpoint.headers = [("authorization", ["Bearer x"]), ("content-type", ["application/json"])]
        request = HTTPEventSender.request(Data("{}".utf8), to: endpoint, userAgent: "cove/1")
        #expect(request.headers["Authorization"] == ["Bearer x"])
        #expect(request.headers["Content-Type"] == ["application/json"])
    }

    @Test("a pause follows each failure from the threshold on, until something is taken")
    func breaker() {
        var breaker = DeliveryBreaker(threshold: 2, backoff: .seconds(10))
        #expect(breaker.pause(at: .zero) == .zero)
        breaker.fail(at: .seconds(1))
        #expect(breaker.pause(at: .seconds(1)) == .zero)
        breaker.fail(at: .seconds(2))
        #expect(breaker.pause(at: .seconds(2)) == .seconds(10))
        #expect(breaker.pause(at: .seconds(5)) == .seconds(7))
        #expect(breaker.pause(at: .seconds(50)) == .zero)
        breaker.fail(at: .seconds(12))
        #expect(breaker.pause(at: .seconds(12)) == .seconds(10))
        breaker.succeed()
        #expect(breaker.pause(at: .seconds(12)) == .zero)
    }
}
