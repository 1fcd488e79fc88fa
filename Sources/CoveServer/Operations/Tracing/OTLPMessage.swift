import CoveTelemetry
import Foundation

/// The message that a collector takes spans in: `ExportTraceServiceRequest` of opentelemetry-proto 1.x, as Protocol Buffers
/// and as JSON. All spans are of one resource and one scope.
enum OTLPMessage {
    private static let scope = "cove"

    // MARK: - Protocol Buffers

    static func protobuf(_ spans: [Span.Finished], resource: [TracingOptions.Pair]) -> [UInt8] {
        var message = ProtobufWriter()
        message.message(1) { resourceSpans in
            resourceSpans.message(1) { for pair in resource { $0.attribute(1, pair.key, .text(pair.value)) } }
            resourceSpans.message(2) { scopeSpans in
                scopeSpans.message(1) {
                    $0.text(1, scope)
                    $0.text(2, Version.current)
                }
                for span in spans { scopeSpans.message(2) { write(span, to: &$0) } }
            }
        }
        return message.output
    }

    private static func write(_ span: Span.Finished, to writer: inout ProtobufWriter) {
        writer.bytes(1, bigEndian(span.context.trace.high) + bigEndian(span.context.trace.low))
        writer.bytes(2, bigEndian(span.context.span.value))
        if !span.context.state.isEmpty { writer.text(3, span.context.state) }
        if let parent = span.parent { writer.bytes(4, bigEndian(parent.value)) }
        writer.text(5, span.name)
        writer.number(6, UInt64(span.kind.rawValue))
        writer.fixed64(7, span.start)
        writer.fixed64(8, span.end)
        for (key, value) in span.attributes { writer.attribute(9, key, value) }
        if let failure = span.failure {
            writer.message(15) {
                if !failure.isEmpty { $0.text(2, failure) }
                $0.number(3, 2)
            }
        }
        // The W3C flags: sampled.
        writer.fixed32(16, 1)
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    // MARK: - JSON

    static func json(_ spans: [Span.Finished], resource: [TracingOptions.Pair]) throws -> [UInt8] {
        let request = Request(
            resourceSpans: [
                ResourceSpans(
                    resource: Resource(attributes: resource.map { Attribute($0.key, .text($0.value)) }),
                    scopeSpans: [
                        ScopeSpans(scope: Scope(name: scope, version: Version.current), spans: spans.map(SpanText.init))
                    ])
            ])
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return Array(try encoder.encode(request))
    }

    private struct Request: Encodable { let resourceSpans: [ResourceSpans] }

    private struct ResourceSpans: Encodable {
        let resource: Resource
        let scopeSpans: [ScopeSpans]
    }

    private struct Resource: Encodable { let attributes: [Attribute] }

    private struct ScopeSpans: Encodable {
        let scope: Scope
        let spans: [SpanText]
    }

    private struct Scope: Encodable {
        let name: String
        let version: String
    }

    /// Ids are hexadecimal, and 64-bit numbers are text (OTLP, "JSON Protobuf Encoding").
    private struct SpanText: Encodable {
        let traceId: String
        let spanId: String
        let traceState: String?
        let parentSpanId: String?
        let name: String
        let kind: Int
        let startTimeUnixNano: String
        let endTimeUnixNano: String
        let attributes: [Attribute]
        let status: Status
        let flags = 1

        init(_ span: Span.Finished) {
            traceId = span.context.trace.description
            spanId = span.context.span.description
            traceState = span.context.state.isEmpty ? nil : span.context.state
            parentSpanId = span.parent?.description
            name = span.name
            kind = span.kind.rawValue
            startTimeUnixNano = String(span.start)
            endTimeUnixNano = String(span.end)
            attributes = span.attributes.map { Attribute($0.key, $0.value) }
            status = Status(
                code: span.failure == nil ? nil : 2, message: span.failure.flatMap { $0.isEmpty ? nil : $0 })
        }
    }

    private struct Status: Encodable {
        let code: Int?
        let message: String?
    }

    private struct Attribute: Encodable {
        struct Value: Encodable {
            var stringValue: String?
            var intValue: String?
            var boolValue: Bool?
        }

        let key: String
        var value = Value()

        init(_ key: String, _ value: Span.Value) {
            self.key = key
            switch value {
            case .text(let text): self.value.stringValue = text
            case .number(let number): self.value.intValue = String(number)
            case .flag(let flag): self.value.boolValue = flag
            }
        }
    }
}

/// Writes the few kinds of fields that spans have (Protocol Buffers, "Encoding").
struct ProtobufWriter {
    private(set) var output: [UInt8] = []

    mutating func number(_ field: Int, _ value: UInt64) {
        tag(field, 0)
        varint(value)
    }

    mutating func fixed64(_ field: Int, _ value: UInt64) {
        tag(field, 1)
        withUnsafeBytes(of: value.littleEndian) { output.append(contentsOf: $0) }
    }

    mutating func fixed32(_ field: Int, _ value: UInt32) {
        tag(field, 5)
        withUnsafeBytes(of: value.littleEndian) { output.append(contentsOf: $0) }
    }

    mutating func bytes(_ field: Int, _ value: some Collection<UInt8>) {
        tag(field, 2)
        varint(UInt64(value.count))
        output.append(contentsOf: value)
    }

    mutating func text(_ field: Int, _ value: String) { bytes(field, value.utf8) }

    mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        bytes(field, inner.output)
    }

    /// A `KeyValue` of opentelemetry-proto.
    mutating func attribute(_ field: Int, _ key: String, _ value: Span.Value) {
        message(field) { pair in
            pair.text(1, key)
            pair.message(2) { any in
                switch value {
                case .text(let text): any.text(1, text)
                case .flag(let flag): any.number(2, flag ? 1 : 0)
                case .number(let number): any.number(3, UInt64(bitPattern: Int64(number)))
                }
            }
        }
    }

    private mutating func tag(_ field: Int, _ wireType: UInt64) { varint(UInt64(field) << 3 | wireType) }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }
}
