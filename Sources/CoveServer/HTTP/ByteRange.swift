/// The `Range` request header (RFC 9110 section 14.2) as far as a registry serves it: one range of bytes.
enum ByteRange: Equatable {
    /// No range, a unit other than bytes, several ranges, or not well-formed: the whole content is the answer.
    case whole
    case part(Range<Int64>)
    /// Well-formed, but outside of the content.
    case unsatisfiable

    init(header: String?, size: Int64) {
        guard let header, header.utf8.count <= 256, header.lowercased().hasPrefix("bytes=") else {
            self = .whole
            return
        }
        let spec = header.dropFirst("bytes=".count).filter { $0 != " " && $0 != "\t" }
        let ends = spec.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2, !spec.contains(","), ends.allSatisfy({ $0.utf8.allSatisfy(Self.isDigit) }) else {
            self = .whole
            return
        }
        // Numbers beyond 64 bits are beyond any content.
        let first = ends[0].isEmpty ? nil : Int64(ends[0]) ?? .max
        let last = ends[1].isEmpty ? nil : Int64(ends[1]) ?? .max
        switch (first, last) {
        case (nil, nil): self = .whole
        // RFC 9110 would have it ignored; every registry and the conformance suite answer 416, and clients rely on it.
        case (let first?, let last?) where first > last: self = .unsatisfiable
        case (let first?, _) where first >= size: self = .unsatisfiable
        case (let first?, let last?): self = .part(first..<min(last, size - 1) + 1)
        case (let first?, nil): self = .part(first..<size)
        case (nil, let suffix?): self = suffix == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - suffix)..<size)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

/// The `Content-Range` of an upload's chunk: `first-last`, both inclusive (distribution-spec, "Pushing a blob in
/// chunks"). RFC 9110's `bytes first-last/total` is understood as well.
struct ChunkRange: Equatable {
    let first: Int64
    let last: Int64

    var length: Int64 { last - first + 1 }

    init?(header: String) {
        guard header.utf8.count <= 128 else { return nil }
        var text = header[...]
        if text.hasPrefix("bytes ") { text = text.dropFirst("bytes ".count) }
        if let slash = text.firstIndex(of: "/") { text = text[..<slash] }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        let areNumbers = ends.allSatisfy { end in
            !end.isEmpty && end.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        guard ends.count == 2, areNumbers, let first = Int64(ends[0]), let last = Int64(ends[1]), first <= last,
            last < .max
        else { return nil }
        self.first = first
        self.last = last
    }
}
