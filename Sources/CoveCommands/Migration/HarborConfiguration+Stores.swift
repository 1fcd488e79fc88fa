import Foundation

extension HarborConfiguration {
    /// Where things are kept.
    static let stores: [Converter] = [
        Converter(key: "data_volume") { _, it in it.convertVolume() },
        Converter(key: "storage_service") { _, it in it.convertStorage() },
        Converter(key: "database") { _, it in
            it.note(
                all: "database", .notNeeded,
                it.value("external_database") == nil
                    ? "Harbor's own PostgreSQL; Cove keeps its metadata in SQLite, or in the PostgreSQL that metadata.url names"
                    : "external_database is used")
        },
        Converter(key: "external_database") { _, it in it.convertDatabase() },
        Converter(key: "external_redis") { _, it in it.convertRedis() },
        Converter(key: "redis") { _, it in
            it.note(all: "redis", .notNeeded, "Cove needs no Redis; several nodes may share one through storage.cache.blobdescriptor")
        },
        Converter(key: "upload_purging") { _, it in it.convertPurging() },
        Converter(key: "cache") { _, it in
            it.note(all: "cache", .notNeeded, "manifests and blobs' whereabouts are always kept in memory, and never stale")
        },
    ]

    private mutating func convertVolume() {
        guard let volume = text("data_volume") else { return }
        guard text("storage_service.s3.bucket") == nil else {
            return note("data_volume", .notNeeded, "blobs are in the bucket of storage_service, and metadata where metadata.url says")
        }
        let directory = text("storage_service.filesystem.rootdirectory") ?? "\(volume)/cove"
        configuration.set("storage.filesystem.rootdirectory", .string(directory))
        configuration.set("storage.delete.enabled", true)
        // What Harbor's registry stored has no projects, members and rules: those come through its API.
        configuration.set("storage.import", "off")
        note(
            "data_volume", .kept,
            "as storage.filesystem.rootdirectory, '\(directory)': a directory beside Harbor's, whose images come with cove import harbor")
    }

    private mutating func convertStorage() {
        guard let service = value("storage_service") else { return }
        let disabled = value("storage_service.redirect.disable") ?? value("storage_service.redirect.disabled")
        if let disabled { configuration.set("storage.redirect.disable", disabled) }
        for key in Self.leaves(service, "storage_service") {
            let parts = key.split(separator: ".").dropFirst().map(String.init)
            guard parts.count > 1, let driver = parts.first else {
                note(
                    key, key.hasSuffix("ca_bundle") && value(key) != nil ? .byHand : .notNeeded,
                    key.hasSuffix("ca_bundle")
                        ? "add it to the system's authorities, or set SSL_CERT_FILE in the environment" : "it says nothing")
                continue
            }
            let name = parts.dropFirst().joined(separator: ".")
            switch driver {
            case "redirect": note(key, .kept, "as storage.redirect.disable")
            case "s3" where Self.s3Keys.contains(name):
                if let value = value(key) { keep(key, as: "storage.s3.\(name)", value) }
            case "s3": note(key, .byHand, "storage.s3 has no '\(name)'; docs/configuration.md lists what it has")
            case "filesystem" where name == "rootdirectory":
                note(key, .kept, "as storage.filesystem.rootdirectory; give Cove another directory than the one Harbor uses now")
            case "filesystem": note(key, .notNeeded, "there is nothing to set")
            default: note(key, .byHand, "Cove does not store in \(driver); use storage.s3 with its S3 interface, or storage.filesystem")
            }
        }
        if configuration.value("storage.s3.bucket") != nil {
            // Harbor's registry has its files in the bucket, too.
            let root = text("storage_service.s3.rootdirectory")
            configuration.set("storage.s3.rootdirectory", .string("\(root ?? "")/cove"))
            configuration.set("storage.delete.enabled", true)
            configuration.set("storage.import", "off")
        }
    }

    private static let s3Keys: Set<String> = [
        "accesskey", "secretkey", "region", "regionendpoint", "bucket", "encrypt", "keyid", "secure", "skipverify", "v4auth", "chunksize",
        "rootdirectory", "storageclass", "forcepathstyle", "accelerate", "objectacl", "multipartcopychunksize",
        "multipartcopymaxconcurrency", "multipartcopythresholdsize", "useragent", "sessiontoken", "usedualstack", "loglevel",
    ]

    private mutating func convertDatabase() {
        let section = "external_database.harbor"
        guard let host = text("\(section).host"), let database = text("\(section).db_name"), let user = text("\(section).username") else {
            return note(all: "external_database", .byHand, "set metadata.url to postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
        }
        func encoded(_ text: String) -> String { HarborPath.encoded(text) }
        let password = text("\(section).password").map { ":\(encoded($0))" } ?? ""
        let port = text("\(section).port") ?? "5432"
        let mode = text("\(section).ssl_mode").map { "?sslmode=\(encoded($0))" } ?? ""
        // Harbor's own tables stay as they are, for the import to read through Harbor.
        configuration.set(
            "metadata.url", .string("postgresql://\(encoded(user))\(password)@\(host):\(port)/\(encoded("\(database)_cove"))\(mode)"))
        for key in ["host", "port", "db_name", "username", "password", "ssl_mode"] where value("\(section).\(key)") != nil {
            let detail = key == "db_name" ? ", which names the database '\(database)_cove': make it, as Harbor's own is in use" : ""
            note("\(section).\(key)", .kept, "in metadata.url\(detail)")
        }
        if let most = value("\(section).max_open_conns")?.integer {
            if (2...500).contains(most) {
                keep("\(section).max_open_conns", as: "metadata.maxconnections", .integer(most))
            } else {
                note(
                    "\(section).max_open_conns", .notNeeded, "\(most) connections a node are more than help; metadata.maxconnections is 10")
            }
        }
        for key in ["max_idle_conns", "conn_max_lifetime", "conn_max_idle_time"] where value("\(section).\(key)") != nil {
            note("\(section).\(key)", .notNeeded, "connections are made as work piles up, and kept")
        }
    }

    private mutating func convertRedis() {
        note(
            all: "external_redis", .notNeeded,
            "sessions, jobs and locks are in the metadata store; several nodes may share a cache by storage.cache.blobdescriptor: redis")
    }

    private mutating func convertPurging() {
        for name in ["enabled", "age", "interval", "dryrun"] {
            guard let value = value("upload_purging.\(name)") else { continue }
            keep("upload_purging.\(name)", as: "storage.maintenance.uploadpurging.\(name)", value)
        }
    }
}
