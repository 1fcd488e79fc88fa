import CoveOCI
import Testing

@Suite("MediaType")
struct MediaTypeTests {
    @Test(
        "the essence is the type without parameters, space and case",
        arguments: [
            ("application/json", "application/json"), ("Application/JSON; charset=utf-8", "application/json"),
            (" text/plain\t", "text/plain"), ("a/b;q=0.9;x", "a/b"), ("", ""), (";", ""), ("*/*", "*/*"),
            ("application/vnd.oci.image.manifest.v1+json ; x=\"a;b\"", MediaType.imageManifest),
        ])
    func essence(header: String, expected: String) {
        #expect(MediaType.essence(header) == expected)
    }

    @Test(
        "layers that a registry need not hold are known by their type",
        arguments: [
            ("application/vnd.oci.image.layer.nondistributable.v1.tar", true),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", true),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", true),
            ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true),
            ("application/vnd.docker.image.rootfs.foreign.diff.tar", true),
            ("application/vnd.oci.image.layer.v1.tar+gzip", false),
            ("application/vnd.docker.image.rootfs.diff.tar.gzip", false), ("", false),
        ])
    func nonDistributable(type: String, expected: Bool) {
        #expect(MediaType.isNonDistributable(type) == expected)
    }

    @Test("schema 1 is not among the manifests that are accepted")
    func schema1() {
        #expect(!MediaType.manifests.contains(MediaType.dockerSchema1))
        #expect(!MediaType.manifests.contains(MediaType.dockerSchema1Signed))
        #expect(MediaType.manifests.count == 5)
    }
}
