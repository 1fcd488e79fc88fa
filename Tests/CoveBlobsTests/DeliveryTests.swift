import CoveOCI
import CoveOutbound
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("Delivery: redirects, rewriting, ranges of addresses")
struct DeliveryTests {
    private let blob = DeliveredBlob(location: "blobs/sha256/ab/c.d", key: "root/blobs/sha256/ab/c.d", client: nil)
    private let own = "http://minio:9000/bucket/root/blobs/sha256/ab/c.d?X-Amz-Signature=1"

    @Test("a redirect leads to the location under a URL", arguments: ["https://cdn.example:8443/a", "https://cdn.example:8443/a/"])
    func redirect(base: String) async throws {
        let content = ContentDelivery([RedirectStep(baseURL: base)])
        let url = try await content.url(of: blob) { () throws(BlobStorageError) in throw .failed("the storage is not asked") }
        #expect(url == "https://cdn.example:8443/a/blobs/sha256/ab/c.d")
    }

    @Test(
        "rewriting changes what it is told to, and nothing else",
        arguments: [
            (RewriteStep(scheme: "https", host: nil, trimmedPrefix: nil), "https://minio:9000/bucket/root/blobs/sha256/ab/c.d"),
            (RewriteStep(scheme: nil, host: "cdn:1", trimmedPrefix: nil), "http://cdn:1/bucket/root/blobs/sha256/ab/c.d"),
            (RewriteStep(scheme: nil, host: nil, trimmedPrefix: "/bucket"), "http://minio:9000/root/blobs/sha256/ab/c.d"),
            (RewriteStep(scheme: nil, host: nil, trimmedPrefix: "/bucket/"), "http://minio:9000/root/blobs/sha256/ab/c.d"),
            (RewriteStep(scheme: nil, host: nil, trimmedPrefix: "/other"), "http://minio:9000/bucket/root/blobs/sha256/ab/c.d"),
        ])
    func rewrite(step: RewriteStep, expected: String) async throws {
        #expect(try await step.url(of: blob) { () throws(BlobStorageError) in own } == expected + "?X-Amz-Signature=1")
        #expect(try await step.url(of: blob) { () throws(BlobStorageError) in nil } == nil)
    }

    @Test("the last acts on what those before it give")
    func order() async throws {
        let steps: [any DeliveryStep] = [
            RedirectStep(baseURL: "http://a"), RewriteStep(scheme: "https", host: nil, trimmedPrefix: nil),
            RewriteStep(scheme: nil, host: "b", trimmedPrefix: "/blobs"),
        ]
        #expect(try await ContentDelivery(steps).url(of: blob) { () throws(BlobStorageError) in nil } == "https://b/sha256/ab/c.d")
        #expect(try await ContentDelivery([]).url(of: blob) { () throws(BlobStorageError) in own } == own)
    }

    @Test("an address is in a set of prefixes when one of them has it")
    func ranges() {
        let set = AddressRanges(["192.0.2.0/24", "192.0.3.0/24", "10.0.0.0/8", "10.1.0.0/16", "198.51.100.7/32", "2001:db8::/32", "::/128"])
        for address in [
            "192.0.2.0", "192.0.3.255", "10.1.2.3", "10.255.255.255", "198.51.100.7", "2001:db8:ffff::1", "::", "::ffff:10.0.0.1",
        ] {
            #expect(set.contains(address), "\(address)")
        }
        for address in [
            "192.0.1.255", "192.0.4.0", "9.255.255.255", "11.0.0.0", "198.51.100.6", "2001:db9::", "2001:db7:ffff::", "::1", "", "x",
        ] {
            #expect(!set.contains(address), "\(address)")
        }
        #expect(AddressRanges(["", "/", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "a/b", "10.0.0.0/-1"]).isEmpty)
        #expect(AddressRanges(["0.0.0.0/0"]).contains("255.255.255.255"))
        #expect(!AddressRanges(["0.0.0.0/0"]).contains("2001:db8::1"))
        #expect(AddressRanges(["::/0"]).contains("1.2.3.4"))
    }

    @Test("lookup agrees with asking every prefix", arguments: 0..<5)
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let prefixes = (0..<200).map { _ in (UInt32.random(in: .min ... .max, using: &random), Int.random(in: 8...32, using: &random)) }
        func text(_ number: UInt32) -> String { [24, 16, 8, 0].map { String(number >> $0 & 255) }.joined(separator: ".") }
        let set = AddressRanges(prefixes.map { "\(text($0))/\($1)" })
        for _ in 0..<500 {
            let (near, bits) = prefixes[Int.random(in: 0..<prefixes.count, using: &random)]
            let address = near ^ (UInt32.random(in: .min ... .max, using: &random) >> UInt32(max(0, bits - 1)))
            let expected = prefixes.contains { address ^ $0 < 1 << (32 - UInt64($1)) }
            #expect(set.contains(text(address)) == expected)
        }
    }
}
