import CoveTelemetry
import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import CoveServer

@Suite("Tracing: what the environment asks for")
struct TracingOptionsTests {
    private static func options(_ environment: [String: String]) -> (TracingOptions?, [String]) {
        var warnings: [String] = []
        let options = TracingOptions(environment: environment) { warnings.append($0) }
        return (options, warnings)
    }

    @Test(
        "nothing is traced without an endpoint, or when it is said",
        arguments: [
            [:], ["OTEL_EXPORTER_OTLP_ENDPOINT": ""], ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"],
            ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"],
        ])
    func off(environment: [String: String]) {
        let (options, warnings) = Self.options(environment)
        #expect(options == nil && warnings.isEmpty)
    }

    @Test(
        "what cannot be done is said",
        arguments: [
            (["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"], false, "OTEL_EXPORTER_OTLP_PROTOCOL is grpc"),
            (["OTEL_TRACES_EXPORTER": "zipkin"], false, "OTEL_TRACES_EXPORTER is zipkin"),
            (["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "c:4317"], false, "must begin with http://"),
            (["OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"], true, "COMPRESSION is gzip"),
            (["OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca"], true, "CERTIFICATE is not read"),
            (["OTEL_TRACES_SAMPLER": "xray"], true, "OTEL_TRACES_SAMPLER is xray"),
            (["OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"], true, "not a number from 0 to 1"),
        ] as [([String: String], Bool, String)])
    func warned(environment: [String: String], isTraced: Bool, warning: String) {
        let (options, warnings) = Self.options(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"].merging(environment) { $1 })
        #expect((options != nil) == isTraced)
        #expect(warnings.count == 1 && warnings[0].contains(warning))
    }

    @Test("everything else is taken as it is said")
    func values() throws {
        let options = try #require(
            Self.options([
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/x/", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b, two = 2",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_SERVICE_NAME": "mine", "OTEL_EXPORTER_OTLP_TIMEOUT": "1500",
                "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,deployment.environment=prod", "OTEL_BSP_SCHEDULE_DELAY": "100",
                "OTEL_BSP_MAX_QUEUE_SIZE": "8",
            ]).0)
        #expect(options.endpoint == "http://c:4318/x/v1/traces")
        #expect(options.headers == [.init(key: "api-key", value: "a b"), .init(key: "two", value: "2")])
        #expect(options.encoding == .json && options.timeout == .milliseconds(1500))
        #expect(options.delay == .milliseconds(100) && options.queueLimit == 8 && options.batch == 8)
        let resource = Dictionary(uniqueKeysWithValues: options.resource.map { ($0.key, $0.value) })
        #expect(resource["service.name"] == "mine" && resource["deployment.environment"] == "prod")
        let whole = Self.options(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c/t"]).0
        #expect(whole?.endpoint == "https://c/t" && whole?.encoding == .protobuf)
    }

    @Test("a share of the traces is recorded, the same share whoever decides, and a parent's decision is followed")
    func sampler() throws {
        func sampler(_ name: String, _ argument: String? = nil) -> TraceSampler {
            TraceSampler(name: name, argument: argument) { Issue.record("\($0)") }
        }
        let trace = TraceID(high: 1, low: 1 << 63)
        let (yes, no) = (
            TraceContext(trace: trace, span: .random(), isSampled: true), TraceContext(trace: trace, span: .random(), isSampled: false)
        )
        #expect(sampler("always_on").isSampled(trace, parent: no))
        #expect(!sampler("always_off").isSampled(trace, parent: yes))
        #expect(sampler("parentbased_always_off").isSampled(trace, parent: yes))
        #expect(!sampler("parentbased_always_on").isSampled(trace, parent: no))
        // The half of the range.
        #expect(sampler("traceidratio", "0.51").isSampled(trace, parent: no))
        #expect(!sampler("traceidratio", "0.5").isSampled(trace, parent: yes))
        #expect(!sampler("parentbased_traceidratio", "0.5").isSampled(trace, parent: nil))
        let half = sampler("traceidratio", "0.5")
        let share = (0..<2000).count { _ in half.isSampled(.random(), parent: nil) }
        #expect((800...1200).contains(share))
    }
}

@Suite("Tracing: recording and sending")
struct TracerTests {
    private final class Collector: SpanExporter {
        struct Down: Error {}

        let spans = Mutex<[Span.Finished]>([])
        let isDown = Mutex(false)

        func export(_ spans: [Span.Finished]) async throws {
            if isDown.withLock({ $0 }) { throw Down() }
            self.spans.withLock { $0 += spans }
        }
    }

    private static func tracer(_ collector: Collector, _ environment: [String: String] = [:]) throws -> Tracer {
        let base = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"].merging(environment) { $1 }
        let options = try #require(TracingOptions(environment: base) { Issue.record("\($0)") })
        return Tracer(options, exporter: collector, logger: Requests.logger)
    }

    @Test("a request is a span of the caller's trace, by the conventions for HTTP, without its query")
    func request() async throws {
        let collector = Collector()
        let tracer = try Self.tracer(collector)
        var exchange = Requests.exchange(
            .get, "/v2/a/b/manifests/v1?token=hush",
            headers: [
                .traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", .traceState: "x=y", .userAgent: "docker",
                .authorization: "Basic c2VjcmV0",
            ])
        exchange.route = OCIRoute(path: "/a/b/manifests/v1")
        exchange.repository = "a/b"
        let span = try #require(tracer.begin(exchange))
        Tracer.end(span, exchange, .serviceUnavailable, bytes: 12, isAborted: false)
        await tracer.exportBatch()
        let sent = collector.spans.withLock { $0 }
        #expect(sent.count == 1 && tracer.exported.value == 1 && tracer.waiting == 0)
        #expect(sent[0].name == "GET /v2/{name}/manifests/{reference}")
        #expect(sent[0].context.trace.description == "0af7651916cd43dd8448eb211c80319c" && sent[0].context.state == "x=y")
        #expect(sent[0].parent?.description == "b7ad6b7169203331" && sent[0].kind == .server)
        #expect(sent[0].failure == "")
        let attributes = Dictionary(sent[0].attributes.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        #expect(attributes["http.request.method"] == .text("GET") && attributes["url.path"] == .text("/v2/a/b/manifests/v1"))
        #expect(attributes["http.response.status_code"] == .number(503) && attributes["error.type"] == .text("503"))
        #expect(attributes["cove.repository"] == .text("a/b") && attributes["http.response.body.size"] == .number(12))
        let text = String(decoding: try OTLPMessage.json(sent, resource: []), as: UTF8.self)
        #expect(!text.contains("hush") && !text.contains("c2VjcmV0"))
    }

    @Test("a caller that does not record its trace is not recorded")
    func notSampled() throws {
        let headers: HTTPFields = [.traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"]
        #expect(try Self.tracer(Collector()).begin(Requests.exchange(headers: headers)) == nil)
    }

    @Test("what does not fit into the queue, or is not taken, is dropped and counted")
    func dropped() async throws {
        let collector = Collector()
        let tracer = try Self.tracer(collector, ["OTEL_BSP_MAX_QUEUE_SIZE": "3"])
        for _ in 0..<5 { tracer.begin(Requests.exchange())?.end() }
        #expect(tracer.waiting == 3 && tracer.dropped.value == 2)
        collector.isDown.withLock { $0 = true }
        await tracer.exportBatch()
        #expect(tracer.waiting == 0 && tracer.dropped.value == 5 && tracer.exported.value == 0)
    }

    @Test("Protocol Buffers are written as they are specified")
    func protobuf() {
        var writer = ProtobufWriter()
        writer.number(1, 150)
        writer.text(2, "testing")
        writer.fixed32(3, 1)
        writer.fixed64(16, 2)
        writer.message(4) { $0.number(1, 0) }
        #expect(
            writer.output == [
                0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67, 0x1D, 1, 0, 0, 0, 0x81, 0x01, 2, 0, 0, 0, 0, 0, 0,
                0, 0x22, 2, 0x08, 0,
            ])
    }

    @Test("JSON has ids in hexadecimal and large numbers as text")
    func json() throws {
        let span = Span.Finished(
            context: TraceContext(trace: TraceID(high: 1, low: 0xAB), span: SpanID(value: 2), isSampled: true), parent: nil, name: "n",
            kind: .internal, start: 1_700_000_000_000_000_001, end: 1_700_000_000_000_000_002,
            attributes: [("n", .number(-5)), ("t", .text("x")), ("f", .flag(true))], failure: "why")
        let bytes = try OTLPMessage.json([span], resource: [.init(key: "service.name", value: "cove")])
        let root = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: [[String: Any]]])
        let first = try #require(root["resourceSpans"]?.first)
        let scope = try #require((first["scopeSpans"] as? [[String: Any]])?.first)
        let written = try #require((scope["spans"] as? [[String: Any]])?.first)
        #expect(written["traceId"] as? String == "000000000000000100000000000000ab")
        #expect(written["spanId"] as? String == "0000000000000002" && written["parentSpanId"] == nil)
        #expect(written["startTimeUnixNano"] as? String == "1700000000000000001" && written["kind"] as? Int == 1)
        #expect((written["status"] as? [String: Any])?["code"] as? Int == 2)
        let attributes = try #require(written["attributes"] as? [[String: Any]])
        #expect((attributes[0]["value"] as? [String: Any])?["intValue"] as? String == "-5")
        #expect((attributes[2]["value"] as? [String: Any])?["boolValue"] as? Bool == true)
    }
}
