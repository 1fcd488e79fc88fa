import NIOHTTP1
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("S3: XML")
struct S3XMLTests {
    private static func read(_ text: String) throws -> XMLElement { try XMLReader.read(text.utf8) }

    @Test("an answer is names, text and children")
    func answer() throws {
        let root = try Self.read(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- of a listing -->
            <ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/' xmlns:x="y">
              <Name>bucket</Name>
              <IsTruncated>false</IsTruncated><Delimiter/>
              <Contents><Key>a&amp;b&lt;&#x263A;&#65;</Key><Size>1</Size></Contents>
              <Contents><Key><![CDATA[<c> & d]]></Key><Size> 2 </Size></Contents>
            </ListBucketResult>

            """)
        #expect(root.name == "ListBucketResult")
        #expect(root["Name"]?.text == "bucket")
        #expect(root["Delimiter"] == XMLElement(name: "Delimiter"))
        #expect(root.all("Contents").map { $0["Key"]?.text } == ["a&b<\u{263A}A", "<c> & d"])
        #expect(root.text.isEmpty)
    }

    @Test("a name's prefix does not matter")
    func prefix() throws {
        #expect(try Self.read("<s3:Error><s3:Code>X</s3:Code></s3:Error>")["Code"]?.text == "X")
    }

    @Test(
        "what is no XML, or more than S3's, is refused",
        arguments: [
            "", "text", "<a>", "<a></b>", "<a/><b/>", "<a>&unknown;</a>", "<a>&#xD800;</a>", "<a b></a>", "<a b=c/>", "</a>", "<a", "<>",
            "<a/>text", "<![CDATA[x]]>", "<a><!-- </a>", #"<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>"#, "<a>&lt</a>", "<a/ >",
            String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100),
        ])
    func malformed(text: String) {
        #expect(throws: XMLReader.Malformed.self) { try Self.read(text) }
    }

    @Test("text comes back from what it was escaped to")
    func escaping() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<200 {
            let text = random.text(of: "ab<>&\"'é]☺", length: 0...20)
            #expect(try Self.read("<a>\(XMLElement.escape(text))</a>").text == text)
        }
    }

    @Test("whatever comes, the reader ends")
    func mutated() throws {
        var random = SeededGenerator(seed: 12)
        let text = "<?xml version='1.0'?><A x='1'><B>t&amp;<![CDATA[u]]></B><!-- c --><C/></A>"
        for _ in 0..<3000 { _ = try? XMLReader.read(random.mutated(Array(text.utf8))) }
    }

    @Test("an error's code, message and region are read")
    func refusal() {
        let body = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message><Region>eu-west-1</Region></Error>"
        let refusal = S3Error.Refusal(status: 301, headers: ["date": "Mon, 12 Oct 2009 17:50:30 GMT"], body: body.utf8)
        #expect(refusal.code == "PermanentRedirect")
        #expect(refusal.region == "eu-west-1")
        #expect(refusal.date == AmazonTime.parse(iso: "2009-10-12T17:50:30Z"))
        #expect("\(S3Error.refused(refusal))" == "PermanentRedirect: elsewhere (status 301)")
        let named = S3Error.Refusal(status: 301, headers: ["x-amz-bucket-region": "us-west-2"], body: [])
        #expect(named.region == "us-west-2")
        #expect("\(S3Error.refused(named))" == "status 301")
    }
}
