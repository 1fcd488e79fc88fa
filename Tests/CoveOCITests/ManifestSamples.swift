import CoveOCI
import Foundation

/// JSON of manifests, to be parsed and to be spoilt.
enum ManifestSamples {
    static let digest = DigestTests.abc256

    static func descriptor(
        _ mediaType: String = "application/vnd.oci.image.layer.v1.tar+gzip", digest: String = digest, size: String = "3",
        more: String = ""
    ) -> String {
        #"{"mediaType":"\#(mediaType)","digest":"\#(digest)","size":\#(size)\#(more.isEmpty ? "" : "," + more)}"#
    }

    static func image(
        mediaType: String? = MediaType.imageManifest, config: String = descriptor("application/vnd.oci.image.config.v1+json"),
        layers: [String] = [descriptor()], more: String = ""
    ) -> String {
        let type = mediaType.map { #""mediaType":"\#($0)","# } ?? ""
        let tail = more.isEmpty ? "" : "," + more
        return #"{"schemaVersion":2,\#(type)"config":\#(config),"layers":[\#(layers.joined(separator: ","))]\#(tail)}"#
    }

    static func index(
        mediaType: String? = MediaType.imageIndex, manifests: [String] = [descriptor(MediaType.imageManifest)], more: String = ""
    ) -> String {
        let type = mediaType.map { #""mediaType":"\#($0)","# } ?? ""
        let tail = more.isEmpty ? "" : "," + more
        return #"{"schemaVersion":2,\#(type)"manifests":[\#(manifests.joined(separator: ","))]\#(tail)}"#
    }

    static func parse(_ json: String, as contentType: String? = nil) throws(ManifestError) -> Manifest {
        try Manifest(parsing: Data(json.utf8), contentType: contentType)
    }
}
