import CoveOCI
import NIOCore

/// Where the bytes of blobs and of uploads live. Which blobs exist is the metadata store's to say; this room only keeps
/// bytes under names.
///
/// A name of a committed blob (its *location*) is never used twice, not even for the same content: so whoever deletes a
/// location can never hit bytes that somebody else has just stored.
package protocol BlobStorage: Sendable {
    /// Opens an upload for writing at `checkpoint`; bytes that an interrupted writer left beyond it are dropped.
    ///
    /// - Throws: ``BlobStorageError/missing(_:)`` when what was stored at the checkpoint is not there any more.
    func openUpload(_ id: UploadID, at checkpoint: UploadCheckpoint) async throws(BlobStorageError) -> any UploadWriter

    /// Reads all bytes of an upload up to `checkpoint` in order, in pieces that are valid only during the call. Nothing
    /// is appended to the upload afterwards.
    func readUpload(
        _ id: UploadID, to checkpoint: UploadCheckpoint, _ body: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws(BlobStorageError)

    /// Opens an upload for reading while it is written to; nil where what was appended cannot be read before it is
    /// committed. What the reader finds at the end, and whether the upload is committed or dropped meanwhile, does not matter
    /// to it.
    func openUnfinished(_ id: UploadID) async throws(BlobStorageError) -> (any BlobReader)?

    /// Gives an upload, all of whose bytes are durable, a place as a blob, has `record` write the place down, and drops
    /// the upload. The place is durable when `record` is called; no place is ever given twice.
    ///
    /// - Parameters:
    ///   - checkpoint: the end of the upload, as its writer gave it last.
    ///   - record: told the blob's location; what it answers decides what is kept.
    func commit(
        _ id: UploadID, at checkpoint: UploadCheckpoint, as digest: Digest, _ record: (String) async -> PlacementOutcome
    ) async throws(BlobStorageError)

    /// Drops an upload. Not an error when there is none.
    func discardUpload(_ id: UploadID) async throws(BlobStorageError)

    /// Opens a blob for reading.
    ///
    /// - Throws: ``BlobStorageError/missing(_:)``.
    func openBlob(_ location: String) async throws(BlobStorageError) -> any BlobReader

    /// A URL from which a client may read the blob itself for a while, without further credentials; nil when there is
    /// none and the bytes go through this server.
    ///
    /// - Parameter type: the media type that the answer is to have.
    func directURL(of location: String, type: String) async throws(BlobStorageError) -> String?

    /// The key that a location has in a bucket; the location itself where there is none.
    func key(of location: String) -> String

    /// The size of a blob's bytes; nil when there are none.
    func size(of location: String) async throws(BlobStorageError) -> Int64?

    /// Deletes a blob's bytes. Not an error when they are gone.
    func deleteBlob(_ location: String) async throws(BlobStorageError)

    /// Calls `blobs` with locations, in batches, and `uploads` with ids, that nobody is working on: bytes that a crash
    /// left behind, among all the others. What the store does not know when asked then will never be known. Where other
    /// nodes may be at work, that is what is older than a day.
    func leftovers(
        _ blobs: @Sendable ([String]) async throws -> Void, uploads: @Sendable ([UploadID]) async throws -> Void
    ) async throws

    /// Calls `lost` with objects that nobody has touched for a day, in batches, and deletes those that it returns. Where an
    /// upload's bytes stay in their place when they become a blob's, only the store can tell what an object is.
    func sweep(_ lost: @Sendable ([StoredObject]) async throws -> [StoredObject]) async throws

    /// Whether bytes can be written and read.
    func probe() async throws(BlobStorageError)

    /// Reads what registry:2 may have left under the storage's root; nil where that cannot be.
    var registryFiles: (any RegistryFiles)? { get }
}

extension BlobReader {
    package func expect(_ part: Range<Int64>) {}
}

extension BlobStorage {
    package var registryFiles: (any RegistryFiles)? { nil }

    package func sweep(_ lost: @Sendable ([StoredObject]) async throws -> [StoredObject]) async throws {}

    package func directURL(of location: String, type: String) async throws(BlobStorageError) -> String? { nil }

    package func key(of location: String) -> String { location }

    package func openUnfinished(_ id: UploadID) async throws(BlobStorageError) -> (any BlobReader)? { nil }
}

/// Bytes that are an upload's until it is committed, and a blob's from then on, in one and the same place.
package struct StoredObject: Sendable, Hashable {
    /// Where the blob would be.
    package let location: String
    /// The upload that the bytes were received for.
    package let upload: UploadID

    package init(location: String, upload: UploadID) {
        self.location = location
        self.upload = upload
    }
}

/// What became of recording where a blob is.
package enum PlacementOutcome: Sendable {
    /// The place is known: the blob stays, the upload goes.
    case recorded
    /// The content is stored elsewhere already: both go.
    case notNeeded
    /// Nothing was recorded: the blob goes, the upload stays as it was.
    case refused
    /// It cannot be told whether it was recorded: the blob stays, for ``BlobStorage/leftovers(_:uploads:)`` to find out,
    /// and the upload goes, as nobody may write to bytes that may be a blob's.
    case unknown
}

/// How far an upload has come, durably.
package struct UploadCheckpoint: Sendable, Equatable {
    /// Bytes.
    package var offset: Int64
    /// What the storage wants to be told when the upload is opened again, here or on another node; at most 1 KiB.
    package var mark: String

    package init(offset: Int64, mark: String = "") {
        self.offset = offset
        self.mark = mark
    }

    /// The beginning of an upload.
    package static let start = UploadCheckpoint(offset: 0)
}

/// Appends to one upload. Used by one task at a time.
package protocol UploadWriter: Sendable {
    /// Appends pieces in order. They may not be durable when this returns.
    func append(_ pieces: [ByteBuffer]) async throws(BlobStorageError)
    /// Makes everything appended durable.
    ///
    /// - Returns: the point from which the upload can go on.
    func synchronize() async throws(BlobStorageError) -> UploadCheckpoint
    /// Drops what was appended beyond `length`.
    func truncate(to length: Int64) async throws(BlobStorageError)
    /// Ends the use of the writer. What was appended stays.
    func close() async
}

/// Reads one blob at any offset; several reads may run at once.
package protocol BlobReader: Sendable {
    /// Says which bytes will be read, in order, so that a remote storage need not be asked for each piece. Others may
    /// be read all the same.
    func expect(_ part: Range<Int64>)
    /// Up to `length` bytes from `offset`: fewer only at the end of the blob.
    func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer
    /// Appends up to `length` bytes from `offset` to `buffer`, without waiting: fit for an event loop.
    ///
    /// - Returns: how many, at least one; nil when they are not in memory, or the blob has ended.
    func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int?
    func close() async
}

/// Names an upload: 32 lower-case hexadecimal digits, so never a path.
package struct UploadID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// A fresh id of 128 random bits.
    package init() {
        var random = SystemRandomNumberGenerator()
        description = Self.hex(random.next()) + Self.hex(random.next())
    }

    /// The id in `text`, with or without the dashes of a UUID; nil when it is not one.
    package init?(parsing text: some StringProtocol) {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
        let isHex = digits.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard digits.count == 32, isHex else { return nil }
        description = String(decoding: digits, as: UTF8.self)
    }

    /// The id in the form of a UUID, as clients see it.
    package var uuid: String {
        var text = description
        for offset in [20, 16, 12, 8] { text.insert("-", at: text.index(text.startIndex, offsetBy: offset)) }
        return text
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

package enum BlobStorageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No space left (or no quota, or no inodes).
    case full
    /// There are no such bytes.
    case missing(String)
    /// The system refused; the text names the operation, the path and the reason.
    case failed(String)

    package var description: String {
        switch self {
        case .full: "the disk is full"
        case .missing(let what): "\(what) is missing"
        case .failed(let why): why
        }
    }
}
