import CoveOCI
import Foundation
import Testing

@Suite("Manifest: what is refused")
struct ManifestErrorTests {
    private typealias Samples = ManifestSamples

    @Test("schema 1 is refused by its type and by its version", arguments: [MediaType.dockerSchema1, MediaType.dockerSchema1Signed])
    func schema1(type: String) {
        #expect(throws: ManifestError.schema1) { try Samples.parse("{}", as: type) }
        #expect(throws: ManifestError.schema1) { try Samples.parse(#"{"schemaVersion":1,"name":"x"}"#) }
    }

    @Test("a schemaVersion other than 2 is told", arguments: [("3", "3"), ("0", "0"), ("null", "absent")])
    func schemaVersion(value: String, shown: String) {
        #expect(throws: ManifestError.malformed("schemaVersion must be 2, not \(shown)")) {
            try Samples.parse(#"{"schemaVersion":\#(value),"config":\#(Samples.descriptor())}"#)
        }
    }

    @Test("a type that is no manifest's is named")
    func unknownMediaType() {
        #expect(throws: ManifestError.unknownMediaType("text/html")) { try Samples.parse(Samples.image(mediaType: "text/html")) }
        #expect(throws: ManifestError.unknownMediaType("application/json")) {
            try Samples.parse(Samples.image(mediaType: nil), as: "application/json")
        }
    }

    @Test("body and Content-Type must agree")
    func mismatch() {
        #expect(throws: ManifestError.mediaTypeMismatch(body: MediaType.imageManifest, header: MediaType.dockerManifest)) {
            try Samples.parse(Samples.image(), as: MediaType.dockerManifest)
        }
    }

    @Test("Docker's manifests must say their type", arguments: [MediaType.dockerManifest, MediaType.dockerManifestList])
    func dockerNeedsMediaType(type: String) {
        #expect(throws: ManifestError.malformed("a manifest of type \(type) needs a 'mediaType' field")) {
            try Samples.parse(Samples.image(mediaType: nil), as: type)
        }
    }

    @Test("a document that says nothing of what it is, is refused")
    func nameless() {
        #expect(throws: ManifestError.malformed("neither Content-Type nor 'mediaType' says what this manifest is")) {
            try Samples.parse(#"{"schemaVersion":2}"#)
        }
    }

    @Test("an image that is an index as well is refused, and the other way round (CVE-2021-41190)")
    func ambiguity() {
        #expect(throws: ManifestError.malformed("an image manifest must not have a 'manifests' field")) {
            try Samples.parse(Samples.image(more: #""manifests":[]"#))
        }
        for field in [#""layers":[]"#, #""config":\#(Samples.descriptor())"#] {
            #expect(throws: ManifestError.malformed("an index must not have a 'config' or 'layers' field")) {
                try Samples.parse(Samples.index(more: field))
            }
        }
    }

    @Test("an image needs a config, an index needs its entries")
    func missingParts() {
        #expect(throws: ManifestError.malformed("an image manifest needs a 'config' descriptor")) {
            try Samples.parse(#"{"schemaVersion":2,"mediaType":"\#(MediaType.imageManifest)","layers":[]}"#)
        }
        #expect(throws: ManifestError.malformed("an index needs a 'manifests' array")) {
            try Samples.parse(#"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)"}"#)
        }
    }

    @Test(
        "a descriptor that is not well-formed is named by its path",
        arguments: [
            (#"{"mediaType":"a/b","size":3}"#, ".digest", "is missing"),
            (#"{"mediaType":"a/b","digest":"\#(ManifestSamples.digest)"}"#, ".size", "is missing"),
            (ManifestSamples.descriptor(size: "-1"), ".size", "is negative: -1"),
            (#"{"digest":"\#(ManifestSamples.digest)","size":3}"#, ".mediaType", "is missing"),
            (ManifestSamples.descriptor(""), ".mediaType", "is missing"),
            (ManifestSamples.descriptor(digest: "sha256:x"), ".digest", "is not a sha256 or sha512 digest: sha256:x"),
            (ManifestSamples.descriptor(digest: "md5:00"), ".digest", "is not a sha256 or sha512 digest: md5:00"),
            (ManifestSamples.descriptor(more: #""data":"%%""#), ".data", "is not base64"),
            (ManifestSamples.descriptor(more: #""data":"YWJk""#), ".data", "does not match the descriptor's digest and size"),
            (ManifestSamples.descriptor(size: "4", more: #""data":"YWJj""#), ".data", "does not match the descriptor's digest and size"),
            (ManifestSamples.descriptor(more: #""data":"""#), ".data", "does not match the descriptor's digest and size"),
        ])
    func badDescriptor(descriptor: String, field: String, reason: String) {
        func error(_ path: String) -> ManifestError { .badDescriptor(path: path + field, reason: reason) }
        #expect(throws: error("layers[1]")) {
            try Samples.parse(Samples.image(layers: [Samples.descriptor(), descriptor]))
        }
        #expect(throws: error("config")) { try Samples.parse(Samples.image(config: descriptor)) }
        #expect(throws: error("subject")) { try Samples.parse(Samples.image(more: #""subject":\#(descriptor)"#)) }
        #expect(throws: error("manifests[0]")) { try Samples.parse(Samples.index(manifests: [descriptor])) }
    }

    @Test(
        "a field of the wrong type is named with what was expected",
        arguments: [
            (#"{"schemaVersion":"2"}"#, "'schemaVersion' has the wrong type, expected an integer"),
            (#"{"schemaVersion":2,"mediaType":1}"#, "'mediaType' has the wrong type, expected a string"),
            (#"{"schemaVersion":2,"layers":{}}"#, "'layers' has the wrong type, expected an array"),
            (#"{"schemaVersion":2,"config":[]}"#, "'config' has the wrong type, expected an object"),
            (#"{"schemaVersion":2,"layers":[{},{"size":"3"}]}"#, "'layers[1].size' has the wrong type, expected an integer"),
            (#"{"schemaVersion":2,"annotations":{"a":1}}"#, "'annotations.a' has the wrong type, expected a string"),
            ("[]", "not acceptable as JSON: at byte 0: a JSON object must begin here"),
            ("{,}", "not acceptable as JSON: at byte 1: a key in quotes must stand here"),
            ("", "not acceptable as JSON: at byte 0: a JSON object must begin here"),
        ])
    func wrongType(json: String, reason: String) {
        #expect(throws: ManifestError.malformed(reason)) { try Samples.parse(json) }
    }

    @Test("a size beyond 64 bits is refused, not cut")
    func hugeSize() {
        #expect {
            try Samples.parse(Samples.image(layers: [Samples.descriptor(size: "9223372036854775808")]))
        } throws: { error in
            if case .malformed = error as? ManifestError { true } else { false }
        }
    }

    @Test("nesting beyond 64 levels is refused before it is parsed", arguments: [64, 10_000])
    func tooDeep(depth: Int) {
        let deep = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(throws: ManifestError.malformed("not acceptable as JSON: it is nested deeper than 64 levels")) {
            try Samples.parse(Samples.image(more: #""x":\#(deep)"#))
        }
    }

    @Test("UTF-16 is not JSON on the wire (RFC 8259 section 8.1)", arguments: [String.Encoding.utf16LittleEndian, .utf16BigEndian, .utf32])
    func utf16(encoding: String.Encoding) throws {
        let payload = try #require(Samples.image().data(using: encoding))
        #expect {
            try Manifest(parsing: payload, contentType: nil)
        } throws: { error in
            guard case .malformed(let why) = error as? ManifestError else { return false }
            return why.hasPrefix("not acceptable as JSON: ")
        }
    }

    @Test("a key that stands twice is refused, as clients differ in which of the two counts")
    func duplicateKeys() {
        #expect {
            try Samples.parse(Samples.image(more: #""layers":[]"#))
        } throws: { error in
            guard case .malformed(let why) = error as? ManifestError else { return false }
            return why.hasSuffix("the key 'layers' is there twice")
        }
    }

    @Test("a type that cannot be stored and compared is refused", arguments: ["a\\u0000b", "a\\nb", String(repeating: "x", count: 256)])
    func implausibleTypes(type: String) {
        #expect(throws: ManifestError.malformed("'artifactType' is not a media type")) {
            try Samples.parse(Samples.image(more: #""artifactType":"\#(type)""#))
        }
        #expect(throws: ManifestError.badDescriptor(path: "layers[0].mediaType", reason: "is not a media type")) {
            try Samples.parse(Samples.image(layers: [Samples.descriptor(type)]))
        }
    }
}
