/// Runs work to its end even when the task that waits for it is cancelled: a client that goes away must not keep what it
/// sent from being put away.
func uncancelled<T: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () async throws(Failure) -> T
) async throws(Failure) -> T {
    let task = Task { () -> Result<T, Failure> in
        do throws(Failure) { return .success(try await work()) } catch { return .failure(error) }
    }
    return try await task.value.get()
}
