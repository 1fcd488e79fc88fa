import NIOCore
import TestSupport
import Testing

@testable import CoveServer

@Suite("HarborBody")
struct HarborBodyTests {
    private static let known = [
        HarborField("name", .string), HarborField("count", .integer), HarborField("flag", .boolean), HarborField("texts", .map(.string)),
        HarborField("list", .array(.model(Harbor.Access.self))),
    ]

    @Test(
        "a value that a field cannot have is refused with the field's name",
        arguments: [
            (#"{"name":1}"#, "'name'"), (#"{"name":"a\u0007"}"#, "'name'"), (#"{"name":"\u0000"}"#, "'name'"),
            (#"{"count":1.5}"#, "'count'"), (#"{"count":9223372036854775808}"#, "'count'"), (#"{"count":"1"}"#, "'count'"),
            (#"{"flag":1}"#, "'flag'"), (#"{"texts":{"x":1}}"#, "'texts.x'"), (#"{"texts":{"a\u0001":"x"}}"#, "'texts'"),
            (#"{"list":{}}"#, "'list'"), (#"{"list":[{"action":7}]}"#, "'list[0].action'"), (#"{"list":[1]}"#, "'list[0]'"),
            (#"{"colour":1}"#, "'colour'"), (#"{"list":[{"colour":1}]}"#, "'list[0].colour'"),
        ])
    func refuses(body: String, field: String) {
        #expect { try HarborBody.fields(ByteBuffer(string: body), of: Self.known) } throws: { error in
            (error as? HarborFailure)?.message.contains(field) == true
        }
    }

    @Test("texts and lists have an end")
    func bounds() {
        let text = String(repeating: "x", count: 65537)
        let list = "[" + Array(repeating: "{}", count: 10_001).joined(separator: ",") + "]"
        for body in ["{\"name\":\"\(text)\"}", "{\"list\":\(list)}"] {
            #expect(throws: HarborFailure.self) { try HarborBody.fields(ByteBuffer(string: body), of: Self.known) }
        }
    }

    @Test(
        "what is no object of JSON is refused",
        arguments: ["", "null", "[]", "1", "{", "{}{}", "NaN", String(repeating: "[", count: 100_000)])
    func refusesNonsense(body: String) {
        #expect(throws: HarborFailure.self) { try HarborBody.fields(ByteBuffer(string: body), of: Self.known) }
    }

    @Test("lines, tabs and every letter are texts; null is as if it were not there")
    func accepts() throws {
        let body = #"{"name":"two\nlines\tand é 💩","count":null,"texts":{"a":"b"}}"#
        let fields = try HarborBody.fields(ByteBuffer(string: body), of: Self.known)
        #expect(fields["name"]?.string == "two\nlines\tand é 💩" && fields["count"] == .null)
    }
}
