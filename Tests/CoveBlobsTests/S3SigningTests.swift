import Foundation
import Testing

@testable import CoveBlobs

@Suite("S3: Signature Version 4")
struct S3SigningTests {
    /// A request of AWS's test suite, which is all for one service, at one time, with one pair of keys.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var method = "GET"
        var path = "/"
        var query: [QueryItem] = []
        var headers: [(name: String, value: String)] = []
        var body = ""
        let canonicalHash: String
        let signature: String

        var testDescription: String { name }
    }

    private static let letters = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let token =
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/"
        + "qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38"
        + "xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

    static let cases = [
        Case(
            name: "get-vanilla", canonicalHash: "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Case(
            name: "get-vanilla-query-order-key-case", query: [QueryItem("Param2", "value2"), QueryItem("Param1", "value1")],
            canonicalHash: "816cd5b414d056048ba4f7c5386d6e0533120fb1fcfa93762cf0fc39e2cf19e0",
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        Case(
            name: "get-vanilla-query-order-key", query: [QueryItem("Param1", "value2"), QueryItem("Param1", "Value1")],
            canonicalHash: "704b4cef673542d84cdff252633f065e8daeba5f168b77116f8b1bcaf3d38f89",
            signature: "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"),
        Case(
            name: "get-vanilla-query-order-value", query: [QueryItem("Param1", "value2"), QueryItem("Param1", "value1")],
            canonicalHash: "c968629d70850097a2d8781c9bf7edcb988b04cac14cca9be4acc3595f884606",
            signature: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"),
        Case(
            name: "get-vanilla-query-unreserved", query: [QueryItem(letters, letters)],
            canonicalHash: "c30d4703d9f799439be92736156d47ccfb2d879ddf56f5befa6d1d6aab979177",
            signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
        Case(
            name: "get-vanilla-utf8-query", query: [QueryItem("\u{1234}", "bar")],
            canonicalHash: "eb30c5bed55734080471a834cc727ae56beb50e5f39d1bff6d0d38cb192a7073",
            signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        Case(
            name: "get-unreserved", path: "/" + letters,
            canonicalHash: "6a968768eefaa713e2a6b16b589a8ea192661f098f37349f4e2c0082757446f9",
            signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        Case(
            name: "get-utf8", path: "/\u{1234}", canonicalHash: "2a0a97d02205e45ce2e994789806b19270cfbbb0921b278ccf58f5249ac42102",
            signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        Case(
            name: "get-space", path: "/example space/",
            canonicalHash: "63ee75631ed7234ae61b5f736dfc7754cdccfedbff4b5128a915706ee9390d86",
            signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
        Case(
            name: "get-header-key-duplicate",
            headers: [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
            canonicalHash: "dc7f04a3abfde8d472b0ab1a418b741b7c67174dad1551b4117b15527fbe966c",
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
        Case(
            name: "get-header-value-order",
            headers: ["value4", "value1", "value3", "value2"].map { ("My-Header1", $0) },
            canonicalHash: "31ce73cd3f3d9f66977ad3dd957dc47af14df92fcd8509f59b349e9137c58b86",
            signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
        Case(
            name: "get-header-value-trim", headers: [("My-Header1", " value1"), ("My-Header2", #" "a   b   c""#)],
            canonicalHash: "a726db9b0df21c14f559d0a978e563112acb1b9e05476f0a6a1c7d68f28605c7",
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        Case(
            name: "post-vanilla", method: "POST", canonicalHash: "553f88c9e4d10fc9e109e2aeb65f030801b70c2f6468faca261d401ae622fc87",
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        Case(
            name: "post-vanilla-query", method: "POST", query: [QueryItem("Param1", "value1")],
            canonicalHash: "9d659678c1756bb3113e2ce898845a0a79dbbc57b740555917687f1b3340fbbd",
            signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
        Case(
            name: "post-header-key-sort", method: "POST", headers: [("My-Header1", "value1")],
            canonicalHash: "9368318c2967cf6de74404b30c65a91e8f6253e0a8659d6d5319f1a812f87d65",
            signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
        Case(
            name: "post-header-value-case", method: "POST", headers: [("My-Header1", "VALUE1")],
            canonicalHash: "d51ced243e649e3de6ef63afbbdcbca03131a21a7103a1583706a64618606a93",
            signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
        Case(
            name: "post-sts-header-before", method: "POST", headers: [("X-Amz-Security-Token", token)],
            canonicalHash: "c237e1b440d4c63c32ca95b5b99481081cb7b13c7e40434868e71567c1a882f6",
            signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
        Case(
            name: "post-x-www-form-urlencoded", method: "POST", headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: "Param1=value1", canonicalHash: "42a5e5bb34198acb3e84da4f085bb7927f2bc277ca766e6d19c73c2154021281",
            signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        Case(
            name: "post-x-www-form-urlencoded-parameters", method: "POST",
            headers: [("Content-Type", "application/x-www-form-urlencoded; charset=utf8")],
            body: "Param1=value1", canonicalHash: "2e1cf7ed91881a30569e46552437e4156c823447bf1781b921b5d486c568dd1c",
            signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"),
    ]

    @Test("a request of AWS's test suite gets its signature", arguments: cases)
    func suite(example: Case) throws {
        let time = try #require(AmazonTime.parse(iso: "2015-08-30T12:36:00Z"))
        let signer = SigV4(
            credentials: S3Credentials(accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1", service: "service")
        let request = CanonicalRequest(
            method: example.method, path: URIEncoding.encode(example.path, keepingSlashes: true), query: example.query,
            headers: example.headers + [("Host", "example.amazonaws.com"), ("X-Amz-Date", AmazonTime.stamp(time))],
            payloadHash: RequestBody(example.body).sha256)
        #expect(
            signer.stringToSign(for: request, at: time)
                == "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n\(example.canonicalHash)")
        #expect(
            signer.authorization(for: request, at: time)
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=\(request.signedHeaders), Signature=\(example.signature)")
    }

    // MARK: - The examples of S3's documentation

    private static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    private static let amazon = SigV4(
        credentials: S3Credentials(accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1", service: "s3")

    private static func signature(_ request: CanonicalRequest) throws -> String {
        let time = try #require(AmazonTime.parse(iso: "2013-05-24T00:00:00Z"))
        return String(amazon.authorization(for: request, at: time).suffix(64))
    }

    private static func request(
        _ method: String, _ path: String, query: [QueryItem] = [], headers: [(name: String, value: String)] = [],
        payloadHash: String = emptyHash
    ) -> CanonicalRequest {
        let fixed = [
            ("host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", payloadHash), ("x-amz-date", "20130524T000000Z"),
        ]
        return CanonicalRequest(method: method, path: path, query: query, headers: headers + fixed, payloadHash: payloadHash)
    }

    @Test("GET of ten bytes of an object")
    func getObject() throws {
        let request = Self.request("GET", "/test.txt", headers: [("Range", "bytes=0-9")])
        #expect(try Self.signature(request) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test("PUT of an object whose key has to be encoded")
    func putObject() throws {
        let hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        #expect(RequestBody("Welcome to Amazon S3.").sha256 == hash)
        let request = Self.request(
            "PUT", URIEncoding.encode("/test$file.text", keepingSlashes: true),
            headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")], payloadHash: hash)
        #expect(try Self.signature(request) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test("GET of a bucket's lifecycle: a name without a value")
    func getLifecycle() throws {
        let request = Self.request("GET", "/", query: [QueryItem("lifecycle")])
        #expect(try Self.signature(request) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test("a list of objects")
    func listObjects() throws {
        let request = Self.request("GET", "/", query: [QueryItem("max-keys", "2"), QueryItem("prefix", "J")])
        #expect(try Self.signature(request) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test("a URL that is signed in its query")
    func presigned() throws {
        let time = try #require(AmazonTime.parse(iso: "2013-05-24T00:00:00Z"))
        let query = Self.amazon.presignedQuery(
            method: "GET", host: "examplebucket.s3.amazonaws.com", path: "/test.txt", query: [], lifetime: .seconds(86400), at: time)
        #expect(
            query == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
                + "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    // MARK: - Times

    @Test("times come back from the forms in which AWS writes them")
    func times() throws {
        let time = try #require(AmazonTime.parse(iso: "2009-10-12T17:50:30.000Z"))
        #expect(AmazonTime.parse(http: "Mon, 12 Oct 2009 17:50:30 GMT") == time)
        #expect(AmazonTime.parse(iso: "2009-10-12T17:50:30Z") == time)
        #expect(AmazonTime.stamp(time) == "20091012T175030Z")
        #expect(AmazonTime.day(time.addingTimeInterval(-12 * 86400)) == "20090930")
        #expect(time.timeIntervalSince1970 == 1_255_369_830)
    }

    @Test("what is no time is none", arguments: ["", "2009-10-12", "12 Oct 2009", "2009-10-12T17:50:30", "Mon, 12 Okt 2009 17:50:30 GMT"])
    func noTimes(text: String) {
        #expect(AmazonTime.parse(iso: text) == nil)
        #expect(AmazonTime.parse(http: text) == nil)
    }
}
