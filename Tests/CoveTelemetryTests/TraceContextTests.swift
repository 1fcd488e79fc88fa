import CoveTelemetry
import Synchronization
import Testing

@Suite("Tracing: context and spans")
struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    @Test("a traceparent comes back as it went", arguments: ["00", "01"])
    func wellFormed(flags: String) throws {
        let text = "00-\(Self.trace)-\(Self.span)-\(flags)"
        let context = try #require(TraceContext(traceparent: text, state: "a=b"))
        #expect(context.traceparent == text)
        #expect(context.isSampled == (flags == "01"))
        #expect(context.trace.description == Self.trace && context.span.description == Self.span)
        #expect(context.state == "a=b")
    }

    @Test("a later version may have more parts, and other flags")
    func later() throws {
        let context = try #require(TraceContext(traceparent: "cc-\(Self.trace)-\(Self.span)-03-more"))
        #expect(context.isSampled)
    }

    @Test(
        "what is not of the form begins a new trace",
        arguments: [
            "", "00", "00-\(trace)-\(span)", "ff-\(trace)-\(span)-01", "00-\(trace)-\(span)-01-more", "00-\(trace.uppercased())-\(span)-01",
            "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01", "00-\(trace)0-\(span)-01",
            "0-\(trace)-\(span)-01", "00-\(trace)-\(span)-1", "00_\(trace)_\(span)_01", "00-\(trace)-\(span)-0g",
        ])
    func malformed(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test("a state that is too long is not handed on")
    func longState() {
        let text = "00-\(Self.trace)-\(Self.span)-01"
        #expect(TraceContext(traceparent: text, state: String(repeating: "a", count: 513))?.state == "")
    }

    private struct Broken: Error {}

    private final class Recorder: Sendable {
        let spans = Mutex<[Span.Finished]>([])
    }

    @Test("what is measured within a request is a span below the request's, and tells of failures by their kind only")
    func measuring() async throws {
        let recorder = Recorder()
        let root = Span(
            "GET", kind: .server, context: TraceContext(trace: .random(), span: .random(), isSampled: true), parent: nil
        ) { span in recorder.spans.withLock { $0.append(span) } }
        let answer = await Span.$current.withValue(root) {
            await #expect(throws: Broken.self) { try await Span.measure("bad") { throw Broken() } }
            return await Span.measure("good") { 7 }
        }
        #expect(answer == 7)
        root.set("a", .number(1))
        root.end()
        let spans = recorder.spans.withLock { $0 }
        #expect(spans.map(\.name) == ["bad", "good", "GET"])
        #expect(spans[0].parent == root.context.span && spans[1].parent == root.context.span && spans[2].parent == nil)
        #expect(Set(spans.map(\.context.trace)).count == 1)
        #expect(Set(spans.map(\.context.span)).count == 3)
        #expect(spans.map(\.failure) == ["Broken", nil, nil])
        #expect(spans.allSatisfy { $0.start <= $0.end })
        #expect(spans[2].attributes.map(\.key) == ["a"])
    }

    @Test("without a request nothing is recorded")
    func nothing() async throws {
        #expect(Span.current == nil)
        #expect(await Span.measure("alone") { 3 } == 3)
    }
}
