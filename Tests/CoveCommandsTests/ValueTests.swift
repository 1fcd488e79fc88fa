import Foundation
import Testing

@testable import CoveCommands

@Suite struct ValueTests {
    @Test func `a size is read with and without a unit`() {
        #expect(ByteSize.parse("-1") == -1)
        #expect(ByteSize.parse("unlimited") == -1)
        #expect(ByteSize.parse("1000") == 1000)
        #expect(ByteSize.parse("10GiB") == 10 << 30)
        #expect(ByteSize.parse("10g") == 10 << 30)
        #expect(ByteSize.parse("1.5MB") == 3 << 19)
        #expect(ByteSize.parse("ten") == nil)
        #expect(ByteSize.parse("-5") == nil)
        #expect(ByteSize.text(1536) == "1.5 KiB")
        #expect(ByteSize.text(-1) == "unlimited")
        #expect(ByteSize.text(1 << 30) == "1 GiB")
    }

    @Test func `an artifact's name has a project, a repository and perhaps a reference`() throws {
        let plain = try #require(ArtifactName(parsing: "myproject/myapp"))
        #expect(plain.project == "myproject" && plain.repository == "myapp" && plain.reference == nil)
        let tagged = try #require(ArtifactName(parsing: "p/a/b:1.0"))
        #expect(tagged.repository == "a/b" && tagged.reference == "1.0")
        #expect(tagged.path == ["projects", "p", "repositories", "a%2Fb"])
        #expect(HarborPath.joined(tagged.path, []) == "projects/p/repositories/a%252Fb")
        #expect(ArtifactName(parsing: "p/a:1@sha256:ab")?.reference == "sha256:ab")
        #expect(ArtifactName(parsing: "p/a:1@sha256:ab")?.repository == "a")
        for text in ["p", "p/", "/a", "p/a:", "p/a@"] { #expect(ArtifactName(parsing: text) == nil) }
    }

    @Test func `flags may have Go's values`() {
        #expect(FlagValues.translate(["project", "create", "p", "--public=false"]) == ["project", "create", "p", "--no-public"])
        #expect(FlagValues.translate(["--public=true"]) == ["--public"])
        #expect(FlagValues.translate(["--insecure=false", "--all=1"]) == ["--all"])
        #expect(FlagValues.translate(["--public=perhaps", "--email=true"]) == ["--public=perhaps", "--email=true"])
        #expect(FlagValues.translate(["--", "--public=false"]) == ["--", "--public=false"])
    }

    @Test func `a table aligns its columns and keeps names from steering the terminal`() {
        let items: [JSONValue] = [["name": "a", "size": 2048], ["name": "longer\u{1B}[31m", "size": 1]]
        let text = Table.lines(items, [Column("NAME", "name"), Column("SIZE", "size", .size)])
        #expect(text == "NAME         SIZE\na            2 KiB\nlonger [31m  1 B\n")
    }

    @Test func `times and flags are for people`() {
        #expect(Column.text("2026-01-02T03:04:05.678Z", .time) == "2026-01-02 03:04:05")
        #expect(Column.text("0001-01-01T00:00:00Z", .time) == "")
        #expect(Column.text(-1, .epoch) == "never")
        #expect(Column.text(0, .epoch) == "1970-01-01 00:00:00")
        #expect(Column.text("true", .yesNo) == "yes")
    }

    @Test func `YAML says texts that look like numbers as texts`() {
        let value: JSONValue = ["a": "1", "b": 1, "c": ["true", true], "d": [:], "e": []]
        #expect(value.yaml == "a: '1'\nb: 1\nc:\n- 'true'\n- true\nd: {}\ne: []\n")
    }
}
