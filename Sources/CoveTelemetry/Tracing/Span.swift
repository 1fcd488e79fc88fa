import Foundation
import Synchronization

/// One operation of a trace that is recorded: when it began and ended, and what is to be known of it.
package final class Span: Sendable {
    package enum Kind: Int, Sendable {
        // The numbers of OTLP's `SpanKind`.
        case `internal` = 1
        case server = 2
        case client = 3
    }

    package enum Value: Sendable, Equatable {
        case text(String)
        case number(Int)
        case flag(Bool)
    }

    /// A span that has ended.
    package struct Finished: Sendable {
        package let context: TraceContext
        package let parent: SpanID?
        package let name: String
        package let kind: Kind
        /// UTC nanoseconds since 1970.
        package let start: UInt64
        package let end: UInt64
        package let attributes: [(key: String, value: Value)]
        /// What went wrong; nil when nothing did.
        package let failure: String?

        package init(
            context: TraceContext, parent: SpanID?, name: String, kind: Kind, start: UInt64, end: UInt64,
            attributes: [(key: String, value: Value)], failure: String?
        ) {
            self.context = context
            self.parent = parent
            self.name = name
            self.kind = kind
            self.start = start
            self.end = end
            self.attributes = attributes
            self.failure = failure
        }
    }

    private struct State {
        var attributes: [(key: String, value: Value)] = []
        var failure: String?
    }

    /// The span of the request that this task works on; nil when it is not recorded.
    @TaskLocal package static var current: Span?

    package let context: TraceContext
    private let parent: SpanID?
    private let name: String
    private let kind: Kind
    private let start = Span.now
    private let record: @Sendable (Finished) -> Void
    private let state = Mutex(State())

    /// - Parameter record: takes the span when it has ended. It must not wait.
    package init(
        _ name: String, kind: Kind, context: TraceContext, parent: SpanID?, record: @escaping @Sendable (Finished) -> Void
    ) {
        self.name = name
        self.kind = kind
        self.context = context
        self.parent = parent
        self.record = record
    }

    package func set(_ key: String, _ value: Value) {
        state.withLock { $0.attributes.append((key, value)) }
    }

    package func fail(_ why: String) {
        state.withLock { $0.failure = why }
    }

    package func end() {
        let state = state.withLock { $0 }
        record(
            Finished(
                context: context, parent: parent, name: name, kind: kind, start: start, end: max(start, Self.now),
                attributes: state.attributes, failure: state.failure))
    }

    /// Runs `body` in a span below that of the request, where there is one.
    package static func measure<T, Failure: Error>(
        _ name: @autoclosure () -> String, kind: Kind = .internal, _ body: () async throws(Failure) -> T
    ) async throws(Failure) -> T {
        guard let current else { return try await body() }
        let context = TraceContext(
            trace: current.context.trace, span: .random(), isSampled: true, state: current.context.state)
        let span = Span(name(), kind: kind, context: context, parent: current.context.span, record: current.record)
        do throws(Failure) {
            let result = try await body()
            span.end()
            return result
        } catch {
            // The error's own text may name what is nobody's business outside.
            span.fail("\(type(of: error as any Error))")
            span.end()
            throw error
        }
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
