import CoveOCI

/// A transaction would change what another node may be giving to its clients, and the others have no notice of it yet.
/// ``MetadataStore/write(in:_:)`` gives it and runs the transaction again.
struct NoticeRequired: Error {
    let repositoryID: Int64
    /// Whether the transaction has written nothing so far and need not be undone.
    let isFirst: Bool
}

extension MetadataTransaction {
    /// Called by what is about to change or remove what a reference stands for. What was not there may appear without notice,
    /// for nobody keeps that something is not there.
    ///
    /// - Throws: ``NoticeRequired`` where nodes share the store and this transaction has given no notice.
    func requireNotice(in repositoryID: Int64) throws {
        guard notes.isShared, notes.notices[repositoryID] == nil, !notes.newRepositories.contains(repositoryID) else { return }
        throw NoticeRequired(repositoryID: repositoryID, isFirst: false)
    }

    /// To be called before anything is written by a transaction that may move tags: where it has to give notice, other
    /// writes that share its commit need not be done again.
    package func prepareToSet(_ tags: [Tag], to digest: Digest, in repository: RepositoryName) throws {
        guard notes.isShared, notes.notices.isEmpty else { return }
        for tag in tags {
            let moves = try connection.row(
                """
                SELECT r.id FROM repository r
                JOIN tag t ON t.repository_id = r.id
                JOIN manifest m ON m.id = t.manifest_id
                WHERE r.name = $1 AND t.name = $2 AND m.digest <> $3
                """, [.text(repository.description), .text(tag.description), .bytes(digest.storageKey)])
            if let id = try moves?.integer(0) { throw NoticeRequired(repositoryID: id, isFirst: true) }
        }
    }

    /// - Returns: its row.
    func giveNotice(of repositoryID: Int64) throws -> Int64 {
        let row = try connection.row(
            "INSERT INTO change_notice (repository_id, at) VALUES ($1, $2) RETURNING id", [.integer(repositoryID), .integer(now)])
        guard let row else { throw MetadataError.corrupt("a notice was given but has no row") }
        return try row.integer(0)
    }

    /// Takes the transaction's notices back with what they announced.
    ///
    /// - Throws: ``NoticeRequired`` when one was not there any more.
    func withdrawNotices() throws {
        for (repositoryID, id) in notes.notices.sorted(by: { $0.key < $1.key }) {
            let count = try connection.run("DELETE FROM change_notice WHERE id = $1", [.integer(id)])
            if count == 0 { throw NoticeRequired(repositoryID: repositoryID, isFirst: false) }
        }
    }

    /// Removes notices of nodes that ended before they came to what they announced.
    package func pruneNotices(before cutoff: Int64) throws {
        try connection.perform("DELETE FROM change_notice WHERE at < $1", [.integer(cutoff)])
    }
}
