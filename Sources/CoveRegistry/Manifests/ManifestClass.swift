import CoveOCI

/// What an image is for, as `policy.repository.classes` and tokens name it (Distribution, "Resource Class").
package enum ManifestClass: String, Sendable, CaseIterable {
    case image, plugin

    /// - Parameter manifest: an image manifest; indexes have no class.
    init?(_ manifest: Manifest) {
        switch (manifest.mediaType, manifest.config?.mediaType) {
        case (MediaType.dockerManifest, "application/vnd.docker.container.image.v1+json"),
            (MediaType.imageManifest, "application/vnd.oci.image.config.v1+json"):
            self = .image
        case (MediaType.dockerManifest, "application/vnd.docker.plugin.v1+json"): self = .plugin
        default: return nil
        }
    }
}

extension ManifestPolicy {
    /// Refuses a manifest of a class that this registry does not take, or that its client may not push here. As in
    /// registry:2 and registry:3, everything but images and plugins is refused when classes are named at all.
    ///
    /// - Parameter granted: the classes that the client may push; nil for all.
    /// - Throws: ``RegistryError/classRefused(_:)``.
    func checkClass(of manifest: Manifest, granted: Set<String>?) throws(RegistryError) {
        guard !classes.isEmpty, manifest.kind == .image else { return }
        guard let found = ManifestClass(manifest) else {
            throw .classRefused(
                "this registry takes only images of certain classes (policy.repository.classes), and a manifest with a config of type '\(manifest.config?.mediaType.prefix(120) ?? "")' has none"
            )
        }
        guard classes.contains(found) else {
            throw .classRefused("this registry does not take manifests of class \(found.rawValue) (policy.repository.classes)")
        }
        if let granted, !granted.contains(found.rawValue) {
            throw .classRefused("your token does not allow manifests of class \(found.rawValue) in this repository")
        }
    }
}
