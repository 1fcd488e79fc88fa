import Logging
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing

@testable import CoveServer

@Suite("Farewell")
struct FarewellTests {
    /// How long a node with this grace stays, with or without requests.
    private func stay(grace: Duration, busy: Bool) async throws -> Duration {
        let farewell = Farewell(grace: grace, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(!farewell.isLeaving)
        return try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let began = ContinuousClock.now
                group.addTask { try await farewell.run() }
                trigger.triggerGracefulShutdown()
                if busy {
                    group.addTask {
                        while !Task.isCancelled {
                            farewell.noteRequest()
                            try? await Task.sleep(for: .milliseconds(20))
                        }
                    }
                }
                try await group.next()
                group.cancelAll()
                #expect(farewell.isLeaving == (grace > .zero))
                return ContinuousClock.now - began
            }
        }
    }

    @Test("without requests a node goes after a second, however long it may stay")
    func silence() async throws {
        let stayed = try await stay(grace: .seconds(3600), busy: false)
        #expect(stayed > .milliseconds(900) && stayed < .seconds(1800))
    }

    @Test("while requests come, a node stays for its time and no longer")
    func busy() async throws {
        let stayed = try await stay(grace: .milliseconds(1500), busy: true)
        #expect(stayed >= .milliseconds(1500))
    }

    @Test("without a time to stay a node closes at once")
    func none() async throws {
        _ = try await stay(grace: .zero, busy: true)
    }
}
