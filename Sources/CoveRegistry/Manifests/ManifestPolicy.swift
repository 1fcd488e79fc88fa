import CoveOCI

/// What a manifest may refer to (`validation.manifests` of the configuration).
package struct ManifestPolicy: Sendable {
    /// Which entries of an index must be in the repository when the index is pushed.
    package enum IndexEntries: Sendable {
        case all
        case none
        /// Those of these platforms; the others may be absent (a sparse index).
        case platforms([Platform])
    }

    package var indexEntries = IndexEntries.all
    /// Whether config and layers must be in the repository (`validation.disabled`: no).
    package var requiresBlobs = true
    /// Whether a layer may name this URL.
    package var allowsURL: @Sendable (String) -> Bool = { _ in true }

    /// Classes of images that may be pushed (`policy.repository.classes`); empty for all.
    package var allowedClasses: Set<String> = []

    package init() {}

    /// What Distribution calls an image's class; it knows two. Nil for other content than images.
    static func className(of config: Descriptor) -> String? {
        switch config.mediaType {
        case "application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json": "image"
        case "application/vnd.docker.plugin.v1+json": "plugin"
        default: nil
        }
    }

    /// Whether this entry of an index must exist.
    func requires(_ entry: Descriptor) -> Bool {
        switch indexEntries {
        case .all: true
        case .none: false
        case .platforms(let wanted):
            // An entry without a platform is for every platform.
            entry.platform.map { platform in
                wanted.contains {
                    $0.os == platform.os && $0.architecture == platform.architecture
                        && ($0.variant == nil || $0.variant == platform.variant)
                }
            } ?? true
        }
    }
}
