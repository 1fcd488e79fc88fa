import Foundation
import TestSupport
import Testing

@testable import CoveServer

@Suite("ByteRange")
struct ByteRangeTests {
    @Test(
        "one range of bytes is served as RFC 9110 has it",
        arguments: [
            ("bytes=0-0", .part(0..<1)), ("bytes=0-9", .part(0..<10)), ("bytes=2-5", .part(2..<6)), ("bytes=9-9", .part(9..<10)),
            ("bytes=5-", .part(5..<10)), ("bytes=-3", .part(7..<10)), ("bytes=-10", .part(0..<10)), ("bytes=-99", .part(0..<10)),
            ("bytes=5-99", .part(5..<10)), ("BYTES=1-2", .part(1..<3)), ("bytes= 1-2 ", .part(1..<3)),
            ("bytes=0-99999999999999999999", .part(0..<10)), ("bytes=-99999999999999999999", .part(0..<10)),
        ] as [(String, ByteRange)])
    func satisfiable(header: String, expected: ByteRange) {
        #expect(ByteRange(header: header, size: 10) == expected)
    }

    @Test(
        "a range outside of the content cannot be served",
        arguments: ["bytes=10-", "bytes=10-10", "bytes=99-100", "bytes=-0", "bytes=5-4", "bytes=99999999999999999999-"])
    func unsatisfiable(header: String) {
        #expect(ByteRange(header: header, size: 10) == .unsatisfiable)
    }

    @Test(
        "what is no single range of bytes is ignored",
        arguments: [
            nil, "", "bytes", "bytes=", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", "bytes=1", "bytes=+1-2", "bytes=1--2",
            "bytes=0x1-2", "bytes=１-2", "bytes: 0-1", "bytes=0-1;q=1", "bytes=" + String(repeating: "0", count: 300) + "1-2",
        ])
    func ignored(header: String?) {
        #expect(ByteRange(header: header, size: 10) == .whole)
    }

    @Test("nothing of an empty content can be served but the whole", arguments: ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"])
    func emptyContent(header: String) {
        #expect(ByteRange(header: header, size: 0) == .unsatisfiable)
        #expect(ByteRange(header: nil, size: 0) == .whole)
    }

    @Test("random headers are read as by a plain reading of the grammar", arguments: 0..<6)
    func fuzz(seed: UInt64) throws {
        let grammar = try NSRegularExpression(pattern: #"\Abytes=([0-9]*)-([0-9]*)\z"#)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let header = "bytes=" + random.text(of: "0123459--, x", length: 0...6)
            let size = Int.random(in: 0...30, using: &random)
            let expected = Self.reference(header.filter { $0 != " " }, size: size, grammar)
            #expect(ByteRange(header: header, size: Int64(size)) == expected, "'\(header)' of \(size)")
        }
    }

    /// Which offsets are meant, counted one by one.
    private static func reference(_ header: String, size: Int, _ grammar: NSRegularExpression) -> ByteRange {
        guard let match = grammar.firstMatch(in: header, range: NSRange(header.startIndex..., in: header)),
            let left = Range(match.range(at: 1), in: header), let right = Range(match.range(at: 2), in: header)
        else { return .whole }
        let (first, last) = (Int(header[left]), Int(header[right]))
        let meant: [Int]
        switch (first, last) {
        case (nil, nil): return .whole
        case (nil, let count?): meant = (0..<size).filter { $0 >= size - count }
        case (let first?, let last): meant = (0..<size).filter { $0 >= first && $0 <= last ?? size }
        }
        guard let lowest = meant.first, let highest = meant.last else { return .unsatisfiable }
        return .part(Int64(lowest)..<Int64(highest + 1))
    }
}

@Suite("ChunkRange")
struct ChunkRangeTests {
    @Test(
        "first and last byte are read, in the specification's form and in RFC 9110's",
        arguments: [
            ("0-0", 0, 0), ("0-1023", 0, 1023), ("5-9", 5, 9), ("bytes 5-9/10", 5, 9), ("bytes 5-9/*", 5, 9), ("5-9/10", 5, 9),
            ("9223372036854775805-9223372036854775806", 9_223_372_036_854_775_805, 9_223_372_036_854_775_806),
        ])
    func reads(header: String, first: Int64, last: Int64) throws {
        let range = try #require(ChunkRange(header: header))
        #expect(range.first == first)
        #expect(range.last == last)
        #expect(range.length == last - first + 1)
    }

    @Test(
        "what is no range is refused",
        arguments: [
            "", "-", "0", "0-", "-0", "5-4", "a-b", "0-1-2", "+0-1", "-1-2", "0--1", " 0-1", "0-1 ", "0 - 1", "bytes=0-1", "bytes 0-",
            "0-9223372036854775807", "0-9223372036854775808", "99999999999999999999-99999999999999999999", "０-1",
            String(repeating: "0", count: 200) + "-1",
        ])
    func refuses(header: String) {
        #expect(ChunkRange(header: header) == nil)
    }

    @Test("random headers are read as the grammar has them, and never overflow", arguments: 0..<4)
    func fuzz(seed: UInt64) throws {
        let grammar = try NSRegularExpression(pattern: #"\A(?:bytes )?([0-9]+)-([0-9]+)\z"#)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let prefix = Bool.random(using: &random) ? "bytes " : ""
            let header = prefix + random.text(of: "0123456789-- ", length: 0...7)
            let range = ChunkRange(header: header)
            let match = grammar.firstMatch(in: header, range: NSRange(header.startIndex..., in: header))
            let ends = match.map { match in
                [1, 2].compactMap { Range(match.range(at: $0), in: header).flatMap { Int64(header[$0]) } }
            }
            let expected = ends.flatMap { $0[0] <= $0[1] ? $0 : nil }
            #expect(range.map { [$0.first, $0.last] } == expected, "'\(header)'")
        }
    }
}
