import NIOPosix
import Synchronization

/// An open file. Closed once: when told to, or when nobody has it any more, so that none is lost on the way of an error.
final class FileDescriptor: Sendable {
    private let number: Atomic<Int32>

    init(_ number: Int32) {
        self.number = Atomic(number)
    }

    /// Lends the descriptor to system calls; -1 after the file was closed. It stays open until `body` returns.
    func use<T, Failure: Error>(_ body: (Int32) throws(Failure) -> T) throws(Failure) -> T {
        defer { withExtendedLifetime(self) {} }
        return try body(number.load(ordering: .acquiring))
    }

    func close() {
        let number = number.exchange(-1, ordering: .acquiringAndReleasing)
        if number >= 0 { SystemCalls.close(number) }
    }

    /// Closes on a thread of the pool, as the last close of a deleted file takes as long as freeing its blocks. Does
    /// not wait, and does not care whether its task was cancelled.
    func close(on pool: NIOThreadPool) {
        pool.submit { _ in self.close() }
    }

    deinit { close() }
}
