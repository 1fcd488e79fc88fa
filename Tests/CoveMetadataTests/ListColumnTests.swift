import TestSupport
import Testing

@testable import CoveMetadata

@Suite("ListColumn")
struct ListColumnTests {
    private let column = ListColumn("op_time", "op_time", .time)

    @Test("a time as answers write it, in milliseconds, finds what was kept in microseconds")
    func covers() throws {
        let asked = "1970-01-01T00:00:01.500Z"
        #expect(try column.condition(.equal(asked)).values == [.integer(1_500_000), .integer(1_500_999)])
        let range = try column.condition(.range(from: asked, to: asked))
        #expect(range.values == [.integer(1_500_000), .integer(1_500_999)])
        #expect(range.text.contains("op_time >= ?") && range.text.contains("op_time <= ?"))
    }

    @Test("other values are equal to themselves only")
    func equals() throws {
        #expect(try ListColumn("size", "size", .integer).condition(.equal("1000")).values == [.integer(1000)])
        #expect(try ListColumn("name", "name").condition(.equal("1000")).values == [.text("1000")])
    }

    @Test("what is no time is refused by key", arguments: ["x", "2024-13-01", "99999999999999", "' OR 1=1"])
    func refuses(text: String) {
        #expect { try column.condition(.equal(text)) } throws: { "\($0)".contains("op_time") }
    }
}
