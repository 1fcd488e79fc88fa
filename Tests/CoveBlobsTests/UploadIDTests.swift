import CoveBlobs
import Testing

@Suite("UploadID")
struct UploadIDTests {
    @Test("a fresh id is 32 hexadecimal digits and comes back from both of its forms")
    func fresh() throws {
        for _ in 0..<200 {
            let id = UploadID()
            #expect(id.description.utf8.count == 32)
            #expect(id.description.allSatisfy { $0.isHexDigit && !$0.isUppercase })
            #expect(UploadID(parsing: id.description) == id)
            #expect(UploadID(parsing: id.uuid) == id)
            #expect(id.uuid.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        }
    }

    @Test("fresh ids differ")
    func unique() {
        #expect(Set((0..<1000).map { _ in UploadID() }).count == 1000)
    }

    @Test("the two forms are one id")
    func forms() throws {
        let id = try #require(UploadID(parsing: "01234567-89ab-cdef-0123-456789abcdef"))
        #expect(id.description == "0123456789abcdef0123456789abcdef")
        #expect(id.uuid == "01234567-89ab-cdef-0123-456789abcdef")
    }

    @Test(
        "what could be a path, or is too long or short, is no id",
        arguments: [
            "", "-", "..", "../../etc/passwd", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
            "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcdeg", "0123456789abcdef/123456789abcdef",
            "0123456789abcdef0123456789abcd\u{0}f", "01234567_89ab_cdef_0123_456789abcdef", "é123456789abcdef0123456789abcde",
            " 0123456789abcdef0123456789abcdef",
        ])
    func refused(text: String) {
        #expect(UploadID(parsing: text) == nil)
    }
}
