import CoveBlobs
import CoveOCI
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("UploadSessions")
struct UploadSessionTests {
    private let sessions = UploadSessions(patience: .seconds(300))
    private let storage = MemoryStorage()

    private func session(_ id: UploadID, offset: Int64 = 0) async throws -> UploadSessions.Session {
        UploadSessions.Session(
            writer: try await storage.openUpload(id, at: .start), digester: Digester(.sha256), checkpoint: UploadCheckpoint(offset: offset))
    }

    @Test("a session that was kept is there for the next request, once")
    func keeps() async throws {
        let id = UploadID()
        #expect(await sessions.acquire(id))
        #expect(sessions.take(id) == nil)
        await sessions.release(id, keeping: try await session(id, offset: 7))
        #expect(await sessions.acquire(id))
        #expect(sessions.take(id)?.checkpoint.offset == 7)
        #expect(sessions.take(id) == nil)
        await sessions.release(id, keeping: nil)
        #expect(await sessions.acquire(id))
        #expect(sessions.take(id) == nil)
    }

    @Test("an upload is used by one request at a time, others by others")
    func exclusive() async throws {
        let id = UploadID()
        let now = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    // On a busy machine a turn may come later than a request would wait.
                    while await !sessions.acquire(id) {}
                    #expect(now.change { $0 += 1 } == 1)
                    await Task.yield()
                    now.change { $0 -= 1 }
                    await sessions.release(id, keeping: nil)
                }
            }
        }
        #expect(await sessions.acquire(id))
        #expect(await sessions.acquire(UploadID()))
    }

    @Test("a request that is cancelled waits no more")
    func cancelled() async throws {
        let id = UploadID()
        #expect(await sessions.acquire(id))
        let waiting = Task { await sessions.acquire(id) }
        waiting.cancel()
        #expect(await !waiting.value)
    }

    @Test("idle sessions are closed, busy and young ones are not")
    func closeIdle() async throws {
        let (idle, busy) = (UploadID(), UploadID())
        for id in [idle, busy] {
            #expect(await sessions.acquire(id))
            await sessions.release(id, keeping: try await session(id, offset: 1))
        }
        #expect(await sessions.acquire(busy))
        await sessions.closeIdle(longerThan: .seconds(3600))
        await sessions.closeIdle(longerThan: .seconds(-1))
        #expect(sessions.take(busy)?.checkpoint.offset == 1)
        #expect(await sessions.acquire(idle))
        #expect(sessions.take(idle) == nil)
    }
}
