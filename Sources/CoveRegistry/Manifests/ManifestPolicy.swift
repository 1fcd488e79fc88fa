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
    /// The classes of images that may be pushed (`policy.repository.classes`); empty for everything.
    package var classes: Set<ManifestClass> = []

    package init() {}

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
