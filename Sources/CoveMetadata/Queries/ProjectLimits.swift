/// Of limits, only that of storage, as requests about projects have it.
extension MetadataTransaction {
    /// How many bytes a project may hold; -1: any number.
    package func storageLimit(ofProject id: Int64) throws -> Int64 { try limit(ofProject: id).storage }

    /// - Parameter bytes: -1 for any number.
    package func setStorageLimit(_ bytes: Int64, ofProject id: Int64) throws {
        var limit = try limit(ofProject: id)
        guard limit.storage != bytes else { return }
        limit.storage = bytes
        try setLimit(limit, ofProject: id)
    }

    /// How many bytes a project holds, what several of its repositories share counted once.
    package func storageUsage(ofProject id: Int64) throws -> Int64 { try usage(ofProject: id).storage }
}
