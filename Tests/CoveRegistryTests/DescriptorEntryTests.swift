import CoveMetadata
import CoveOCI
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("DescriptorEntry")
struct DescriptorEntryTests {
    @Test("an entry is read as it was written", arguments: ["blobs/sha256/ab/abcd.0123", "sha256:ab.01", "registry/v2/a+b=c@d"])
    func roundTrip(location: String) throws {
        let entry = try #require(DescriptorEntry(parsing: Array("1 1700000000 7 123 \(location)".utf8)))
        #expect(entry.second == 1_700_000_000 && entry.id == 7 && entry.size == 123 && entry.location == location)
        #expect(entry.text == "1 1700000000 7 123 \(location)")
    }

    @Test(
        "anything else is no entry",
        arguments: [
            "", DescriptorEntry.mark, "1", "1 2 3 4", "1 2 3 4 ", "2 2 3 4 x", "1 -2 3 4 x", "1 +2 3 4 x", "1 02 3 4 x", "1 2 3 4x y",
            "1 2 3 -4 x", " 1 2 3 4 x", "1 2 3 4 x\n", "1 2 3 4 a b", "1 2 3 4 /etc/passwd", "1 2 3 4 ../etc/passwd", "1 2 3 4 a/../../b",
            "1 2 3 4 a//b", "1 2 3 4 ./a", "1 2 3 4 a/", "1 2 3 9223372036854775808 x", "1 2 3 4 \u{e4}", "1  2 3 4 x", "1 ٣ 3 4 x",
            "1 2 3 4 " + String(repeating: "x", count: 1025),
        ])
    func refuses(text: String) {
        #expect(DescriptorEntry(parsing: Array(text.utf8)) == nil)
    }

    @Test("changed bytes are no entry, or one that would be written like that", arguments: 0..<4 as Range<UInt64>)
    func mutated(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let bytes = generator.mutated(Array("1 1700000000 7 123 blobs/sha256/ab/abcd.0123".utf8))
            if let entry = DescriptorEntry(parsing: bytes) { #expect(Array(entry.text.utf8) == bytes) }
        }
    }

    @Test("an entry is fresh for its lifetime, and not when it is from the future")
    func freshness() throws {
        let entry = try #require(DescriptorEntry(parsing: Array("1 1000 7 123 x".utf8)))
        for now in [990, 1000, 1059] as [Int64] { #expect(entry.isFresh(within: .seconds(60), at: now)) }
        for now in [0, 989, 1060, .max] as [Int64] { #expect(!entry.isFresh(within: .seconds(60), at: now)) }
    }
}
