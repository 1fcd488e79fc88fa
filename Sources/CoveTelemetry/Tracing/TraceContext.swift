/// Which trace a request belongs to, and what asked for it (W3C Trace Context, level 1).
package struct TraceContext: Sendable, Equatable {
    package let trace: TraceID
    package let span: SpanID
    /// Whether the trace is recorded.
    package let isSampled: Bool
    /// `tracestate` as it came, handed on unread.
    package let state: String

    package init(trace: TraceID, span: SpanID, isSampled: Bool, state: String = "") {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
        self.state = state
    }

    /// Reads a `traceparent`; nil when it is not of the form, and a new trace is begun then (section 4.3).
    package init?(traceparent: String, state: String = "") {
        let parts = traceparent.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4, let version = Self.hex(parts[0], digits: 2), version != 0xFF,
            // Later versions may add parts; the first has four.
            version > 0 || parts.count == 4, parts[1].count == 32,
            let high = Self.hex(parts[1].prefix(16), digits: 16), let low = Self.hex(parts[1].dropFirst(16), digits: 16),
            high != 0 || low != 0, let span = Self.hex(parts[2], digits: 16), span != 0,
            let flags = Self.hex(parts[3], digits: 2)
        else { return nil }
        self.init(
            trace: TraceID(high: high, low: low), span: SpanID(value: span), isSampled: flags & 1 == 1,
            // A list of at most 32 members and 512 bytes is handed on (section 3.3.1.1).
            state: state.utf8.count <= 512 ? state : "")
    }

    package var traceparent: String { "00-\(trace)-\(span)-0\(isSampled ? 1 : 0)" }

    /// Lower-case hexadecimal digits, exactly so many.
    private static func hex(_ text: some Collection<UInt8>, digits: Int) -> UInt64? {
        guard text.count == digits else { return nil }
        var value: UInt64 = 0
        for byte in text {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            value = value << 4 | UInt64(digit)
        }
        return value
    }
}

/// 16 bytes that are never all zero.
package struct TraceID: Sendable, Hashable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func random() -> TraceID {
        TraceID(high: .random(in: 0...UInt64.max), low: .random(in: 1...UInt64.max))
    }

    package var description: String { high.inHex + low.inHex }
}

/// 8 bytes that are never all zero.
package struct SpanID: Sendable, Hashable, CustomStringConvertible {
    package let value: UInt64

    package init(value: UInt64) {
        self.value = value
    }

    package static func random() -> SpanID { SpanID(value: .random(in: 1...UInt64.max)) }

    package var description: String { value.inHex }
}

extension UInt64 {
    /// 16 digits.
    fileprivate var inHex: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
