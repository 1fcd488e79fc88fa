import CoveOCI

/// Where a blob's file is, below the root: what this storage wrote, or what registry:2 left. No other text is a location,
/// so that none can lead anywhere else.
struct FileLocation: Sendable, Hashable {
    enum Form: Sendable, Hashable {
        /// `blobs/<algorithm>/<xx>/<hex>.<upload id>`
        case own
        /// `docker/registry/v2/blobs/<algorithm>/<xx>/<hex>/data`
        case distribution
    }

    let form: Form
    let digest: Digest
    let text: String

    /// A fresh one for this storage to write.
    init(_ digest: Digest, _ id: UploadID) {
        self.form = .own
        self.digest = digest
        self.text = "\(Self.directory(of: digest))/\(digest.hex).\(id)"
    }

    /// - Throws: ``BlobStorageError/failed(_:)`` when `text` is none.
    init(parsing text: String) throws(BlobStorageError) {
        if let digest = DistributionLayout.digest(ofData: text) {
            self.init(form: .distribution, digest: digest, text: text)
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let name = parts.count == 4 ? parts[3].split(separator: ".", omittingEmptySubsequences: false) : []
        guard name.count == 2, let digest = try? Digest(parsing: "\(parts[1]):\(name[0])"), let id = UploadID(parsing: name[1]) else {
            throw .failed("'\(text.prefix(200))' is no location of a blob")
        }
        self.init(digest, id)
        guard self.text == text else { throw .failed("'\(text.prefix(200))' is no location of a blob") }
    }

    private init(form: Form, digest: Digest, text: String) {
        self.form = form
        self.digest = digest
        self.text = text
    }

    /// The directory of this storage's own files.
    static func directory(of digest: Digest) -> String { "blobs/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))" }
}
