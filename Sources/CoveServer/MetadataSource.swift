import CoveConfiguration
import CoveMetadata
import Foundation

/// A metadata store that has not been opened, as `metadata.url` names it.
package struct MetadataSource: Sendable {
    package enum Location: Sendable, Equatable {
        case memory
        case sqlite(path: String)
        case postgresql(url: String)
    }

    package let location: Location
    private let settings: Configuration.Metadata
    private let synchronous: Bool

    package init(_ configuration: Configuration) {
        settings = configuration.metadata
        synchronous = configuration.durability == .full
        location =
            switch (configuration.metadata.store, configuration.storage.driver) {
            case (.postgresql(let url), _): .postgresql(url: url)
            case (.sqlite(let path?), _): .sqlite(path: path)
            case (.sqlite(nil), .filesystem(let root, _)): .sqlite(path: "\(root)/cove.db")
            case (.sqlite(nil), _): .memory
            }
    }

    /// - Throws: ``ServeError`` when `url` is of no known form.
    package init(url: String) throws(ServeError) {
        settings = Configuration.Metadata()
        synchronous = true
        do {
            location =
                switch try Configuration.Metadata.Store(checking: url) {
                case .postgresql(let url): .postgresql(url: url)
                case .sqlite(let path): .sqlite(path: path ?? "")
                }
        } catch {
            throw ServeError("'\(Configuration.maskingPassword(url))' \(error)")
        }
    }

    /// Where it is, without a password.
    package var description: String {
        switch location {
        case .memory: "memory"
        case .sqlite(let path): "sqlite:\(path)"
        case .postgresql(let url): Configuration.maskingPassword(url)
        }
    }

    package func engine() throws(ServeError) -> any SQLEngine {
        do throws(MetadataError) {
            switch location {
            case .memory: return try SQLiteEngine(.memory)
            case .sqlite(let path): return try SQLiteEngine(.file(path: path, synchronous: synchronous))
            case .postgresql(let url):
                var options = PostgreSQLOptions(url: url)
                options.maximumConnections = settings.maxConnections
                options.statementTimeout = settings.statementTimeout
                options.lockTimeout = settings.lockTimeout
                options.connectTimeout = settings.connectTimeout
                options.synchronous = synchronous
                return PostgreSQLEngine(options)
            }
        } catch {
            throw refusal(error)
        }
    }

    package func open() async throws(ServeError) -> MetadataStore {
        let engine = try engine()
        do {
            return try await MetadataStore.open(engine)
        } catch {
            throw refusal(error)
        }
    }

    /// Whether it can be reached and read by this version. Creates and changes nothing.
    package func check() async throws(ServeError) {
        if case .sqlite(let path) = location, !FileManager.default.fileExists(atPath: path) { return }
        let engine = try engine()
        do {
            _ = try await MetadataStore.schemaVersion(engine)
            try await engine.close()
        } catch {
            throw refusal(error)
        }
    }

    /// The schema's version, and the one that this program writes.
    package func version() async throws(ServeError) -> (found: Int, supported: Int) {
        if case .sqlite(let path) = location, !FileManager.default.fileExists(atPath: path) {
            throw ServeError("metadata: there is no file '\(path)'")
        }
        let engine = try engine()
        do {
            let version = try await MetadataStore.schemaVersion(engine)
            try await engine.close()
            return version
        } catch {
            throw refusal(error)
        }
    }

    /// How many rows each table holds.
    package func counts() async throws(ServeError) -> [(table: String, rows: Int64)] {
        let store = try await open()
        do {
            let counts = try await store.counts()
            try await store.close()
            return counts
        } catch {
            throw refusal(error)
        }
    }

    package func refusal(_ error: any Error) -> ServeError {
        guard let error = error as? MetadataError else { return ServeError("metadata: \(error)") }
        switch (error, location) {
        case (.newerSchema(let found, let supported), _):
            return ServeError(
                "metadata: \(description) has the schema of a newer version (\(found); this one knows \(supported)): run that version, or restore a backup"
            )
        case (.unavailable(let why), .postgresql):
            return ServeError("metadata.url: cannot use \(description): \(why). \(Self.advice(on: why))")
        case (.full, _): return ServeError("metadata: no space is left for \(description)")
        case (.corrupt(let why), _): return ServeError("metadata: \(description) is not usable: \(why)")
        case (.unavailable(let why), _): return ServeError("metadata: \(why)")
        }
    }

    /// What to try, by libpq's words.
    private static func advice(on message: String) -> String {
        let advice: [(String, String)] = [
            ("password authentication failed", "Check the user and the password of the URL"),
            ("no password supplied", "Give the password in the URL: postgresql://user:password@host/database"),
            ("no pg_hba.conf entry", "Allow this host, user and database in the server's pg_hba.conf, or set sslmode in the URL"),
            ("role", "Create the user, or name another in the URL"),
            ("database", "Create the database (createdb), or name another in the URL"),
            ("permission denied", "Grant the user CREATE on the database's schema"),
            ("Connection refused", "Check host and port, and that PostgreSQL runs and listens there"),
            ("could not translate host name", "Check the host name of the URL"),
            ("timeout expired", "Check host and port, and that no firewall is in between"),
            ("SSL", "Check sslmode and sslrootcert of the URL"),
            ("certificate", "Check sslmode and sslrootcert of the URL"),
        ]
        return (advice.first { message.contains($0.0) }?.1 ?? "Check the URL and the server's log") + "."
    }
}
