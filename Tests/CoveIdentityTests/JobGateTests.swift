import Dispatch
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("JobGate")
struct JobGateTests {
    /// Runs what is enqueued one at a time, in order: so tasks reach the gate in the order in which they were made.
    private final class OneAtATime: TaskExecutor {
        private let queue = DispatchQueue(label: "one at a time")

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }

    @Test("those that wait run in the order in which they came")
    func order() async {
        let gate = JobGate(running: 1, waiting: 50)
        let executor = OneAtATime()
        let (release, opener) = AsyncStream.makeStream(of: Void.self)
        let ran = Shared<[Int]>([])
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<51 {
                group.addTask(executorPreference: executor) {
                    _ = await gate.run {
                        if number == 0 { for await _ in release {} }
                        ran.change { $0.append(number) }
                    }
                }
            }
            group.addTask(executorPreference: executor) { opener.finish() }
        }
        #expect(ran.value == Array(0..<51))
    }

    @Test("those beyond the waiting are turned away at once, the others all run", arguments: [(1, 0), (2, 3), (5, 0)])
    func overload(running: Int, waiting: Int) async {
        let gate = JobGate(running: running, waiting: waiting)
        let (release, opener) = AsyncStream.makeStream(of: Void.self)
        let released = Task { for await _ in release {} }
        await withTaskGroup(of: Int?.self) { group in
            for number in 0..<20 {
                group.addTask {
                    await gate.run {
                        await released.value
                        return number
                    }
                }
            }
            for _ in 0..<(20 - running - waiting) { #expect(await group.next() == .some(nil)) }
            opener.finish()
            let rest = await group.reduce(into: [Int?]()) { $0.append($1) }
            #expect(rest.count == running + waiting)
            #expect(rest.allSatisfy { $0 != nil })
        }
    }

    @Test("never more jobs run than may, and all of them end", arguments: [1, 3])
    func concurrency(running: Int) async {
        let gate = JobGate(running: running, waiting: 1000)
        let now = Shared(0)
        let most = Shared(0)
        let done = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    await gate.run {
                        let count = now.change { $0 += 1 }
                        most.change { $0 = max($0, count) }
                        await Task.yield()
                        now.change { $0 -= 1 }
                    } != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(done == 200)
        #expect(now.value == 0)
        #expect((1...running).contains(most.value))
    }

    @Test("after everything has run, the gate is as new")
    func reuse() async {
        let gate = JobGate(running: 1, waiting: 0)
        for number in 0..<10 { #expect(await gate.run { number } == number) }
    }
}
