/// Where an object of the storage is, under the root directory: `cove/<2 digits>/<upload id>.<16 digits>`.
///
/// The digits at the end are chance, so that no key is ever written twice: not by a node that goes on with an upload that
/// another has not given up, and not by an upload that begins anew. A blob's location is the key that its upload wrote.
struct S3Location: Sendable, Hashable {
    /// What all keys of the storage begin with.
    static let folder = "cove/"

    let upload: UploadID
    let text: String

    /// A fresh one.
    init(_ upload: UploadID) {
        var random = SystemRandomNumberGenerator()
        let digits = String(random.next() as UInt64, radix: 16)
        self.upload = upload
        text = Self.prefix(of: upload) + String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// - Returns: nil when `suffix` is none.
    init?(_ upload: UploadID, suffix: Substring) {
        guard suffix.utf8.count == 16, suffix.allSatisfy(\.isHexDigit) else { return nil }
        self.upload = upload
        text = Self.prefix(of: upload) + suffix
    }

    /// - Returns: nil when `text` is no location of this storage.
    init?(_ text: some StringProtocol) {
        guard let dot = text.lastIndex(of: "."), let slash = text[..<dot].lastIndex(of: "/"),
            let upload = UploadID(parsing: text[text.index(after: slash)..<dot]),
            let location = S3Location(upload, suffix: Substring(text[text.index(after: dot)...])), location.text == text
        else { return nil }
        self = location
    }

    /// What all locations of an upload begin with.
    static func prefix(of upload: UploadID) -> String { "\(folder)\(upload.description.prefix(2))/\(upload)." }

    static func suffix(_ location: String, of upload: UploadID) -> Substring { location.dropFirst(prefix(of: upload).count) }
}
