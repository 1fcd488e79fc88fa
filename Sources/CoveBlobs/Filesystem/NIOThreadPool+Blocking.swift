import NIOPosix

extension NIOThreadPool {
    /// Runs blocking work on one of the threads. It is short, and goes on when the task was cancelled: a client that goes
    /// away must not keep what it sent from being put away.
    func blocking<T: Sendable>(
        _ work: @escaping @Sendable () throws(BlobStorageError) -> T
    ) async throws(BlobStorageError) -> T {
        let result: Result<T, BlobStorageError> = await withCheckedContinuation { continuation in
            submit { state in
                switch state {
                case .active: continuation.resume(returning: Result(catching: work))
                case .cancelled: continuation.resume(returning: .failure(.failed("the storage's threads have stopped")))
                }
            }
        }
        return try result.get()
    }
}
