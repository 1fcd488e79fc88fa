import Foundation

/// A descriptor in an event's `references`, with the fields that Distribution knows (`blobs.go`, Descriptor).
struct EventReference: Codable, Equatable {
    struct Platform: Codable, Equatable {
        var architecture: String?
        var os: String?
        var osVersion: String?
        var osFeatures: [String]?
        var variant: String?

        enum CodingKeys: String, CodingKey {
            case architecture, os, variant
            case osVersion = "os.version"
            case osFeatures = "os.features"
        }
    }

    var mediaType: String?
    var size: Int64?
    var digest: String?
    var urls: [String]?
    var annotations: [String: String]?
    var platform: Platform?

    /// What a manifest refers to: its config and layers, or the manifests of an index. Empty for what is none.
    static func all(in payload: Data) -> [EventReference] {
        struct Document: Decodable {
            var config: EventReference?
            var layers: [EventReference]?
            var manifests: [EventReference]?
        }
        guard let document = try? JSONDecoder().decode(Document.self, from: payload) else { return [] }
        return document.manifests ?? [document.config].compactMap { $0 } + (document.layers ?? [])
    }
}
