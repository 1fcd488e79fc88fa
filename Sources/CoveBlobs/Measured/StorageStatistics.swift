import CoveTelemetry

/// What is done with a storage, by Distribution's names for its driver's actions where there is one.
package enum StorageAction: Int, CaseIterable, Sendable {
    /// A blob is opened.
    case reader
    /// A piece of a blob is read that was not at hand.
    case getContent
    case stat
    /// A client is given a URL.
    case redirectURL
    /// An upload is opened.
    case writer
    /// A piece of an upload is written.
    case putContent
    /// What was written is made durable.
    case commit
    /// An upload becomes a blob.
    case move
    case delete
    case probe

    package var name: String {
        switch self {
        case .reader: "Reader"
        case .getContent: "GetContent"
        case .stat: "Stat"
        case .redirectURL: "RedirectURL"
        case .writer: "Writer"
        case .putContent: "PutContent"
        case .commit: "Commit"
        case .move: "Move"
        case .delete: "Delete"
        case .probe: "Probe"
        }
    }
}

/// How long a storage's operations took, and how many failed.
package final class StorageStatistics: Sendable {
    private let times = StorageAction.allCases.map { _ in Histogram(.seconds, bounds: Histogram.shortTimes) }
    private let failures = CounterRow(count: StorageAction.allCases.count)

    package init() {}

    package func time(of action: StorageAction) -> Histogram { times[action.rawValue] }

    /// Failures; that bytes are not there is none.
    package func failures(of action: StorageAction) -> Int { failures[action.rawValue] }

    /// - Parameter isTraced: whether it is a step of a trace, as what is done for each piece of a body is not.
    func measure<T>(
        _ action: StorageAction, isTraced: Bool = true, _ body: () async throws(BlobStorageError) -> T
    ) async throws(BlobStorageError) -> T {
        let start = ContinuousClock.now
        defer { times[action.rawValue].observe(since: start) }
        do throws(BlobStorageError) {
            guard isTraced else { return try await body() }
            return try await Span.measure("storage.\(action.name)", body)
        } catch {
            if case .missing = error { throw error }
            failures.add(at: action.rawValue)
            throw error
        }
    }
}
