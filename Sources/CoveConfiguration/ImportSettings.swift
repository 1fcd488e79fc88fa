extension Configuration.Storage {
    /// What a server does that finds registry:2's files under its root, and nothing of its own.
    package enum Import: String, Sendable, CaseIterable {
        /// It imports them while it serves.
        case auto
        /// It says that they are there.
        case off
    }
}

extension ConfigurationKey {
    static let imports: [ConfigurationKey] = [
        .acts(
            "storage.import", .choice(Configuration.Storage.Import.allCases.map(\.rawValue)), "auto",
            "What a server does that finds files of registry:2 or registry:3 under its root directory, and no images of its own. auto: it imports them while it serves, and goes on with that after a restart until it is done once. off: it says so and leaves them to `cove import`. Blobs stay where they are. (Cove)"
        )
    ]
}
