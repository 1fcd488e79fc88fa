/// What an import came across that is not as it should be, or was left where it is.
package struct ImportFinding: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A link that does not hold the digest that its place says.
        case brokenLink
        /// A link to a manifest whose bytes are not there.
        case missingManifest
        /// A manifest whose bytes have another digest.
        case digestMismatch
        case unparsableManifest
        /// A manifest of Docker's schema 1, which Cove does not serve.
        case schema1Manifest
        /// A tag of a manifest that could not be imported, or is not there.
        case danglingTag
        /// Content that a manifest needs and that is not there.
        case missingBlob
        /// Content of another size than a manifest says.
        case sizeMismatch
        /// An entry of an index whose manifest is not in the repository.
        case missingChild
        /// A name that no client could ask for.
        case refusedName
        /// A digest of an algorithm that Cove does not compute.
        case unsupportedDigest
        case unreadable
        /// The place of a manifest or layer that registry:2 has deleted: it takes the link away and leaves the directory.
        case deletedBefore
        /// A layer's link without content, which no manifest needs: registry:2's collector leaves such links.
        case deadLayerLink
        /// A blob that no repository has a link to.
        case ownerlessBlob
        /// An upload that was never finished. It stays where it is.
        case halfUpload
        /// Something that is not of the layout. It stays where it is.
        case foreignFile
        /// A tag that points elsewhere in Cove by now, and stays so.
        case keptTag
        /// What was deleted in Cove since it was imported, and stays so.
        case deletedSince

        /// Whether something is broken, as opposed to merely left alone.
        package var isDamage: Bool {
            switch self {
            case .deletedBefore, .deadLayerLink, .ownerlessBlob, .halfUpload, .foreignFile, .keptTag, .deletedSince: false
            default: true
            }
        }
    }

    package let kind: Kind
    /// Below the root directory.
    package let path: String
    package let detail: String

    package init(_ kind: Kind, _ path: String, _ detail: String = "") {
        self.kind = kind
        self.path = path
        self.detail = detail
    }
}

/// What an import did.
package struct ImportReport: Sendable, Equatable {
    package var repositories = 0
    /// Stored by this run.
    package var manifests = 0
    /// Made by this run.
    package var tags = 0
    /// Links of repositories to blobs that this run made or found.
    package var layers = 0
    /// What was there already.
    package var knownManifests = 0
    package var knownTags = 0
    package var findings: [ImportFinding.Kind: Int] = [:]

    package init() {}

    package var isDamaged: Bool { findings.contains { $0.key.isDamage && $0.value > 0 } }
}

/// How far an import has come.
package struct ImportProgress: Sendable {
    /// Revisions, tags and layer links looked at.
    package let done: Int
    package let total: Int
    package let report: ImportReport
}
