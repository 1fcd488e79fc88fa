import CoveBlobs
import CoveMetadata
import CoveRegistry
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Imports what registry:2 left under the storage's root, while the server serves: when the store has no images of its own,
/// or when such an import was interrupted. Once it is done it is not done again; `cove import` adds what came later.
struct AutoImport: Service {
    /// Time until a failed import is tried again, or until another node is seen to have given up.
    private static let pause = Duration.seconds(60)
    /// Time between two lines that say how far it has come.
    private static let reportInterval = Duration.seconds(10)
    /// Findings that are logged one by one.
    private static let mostFindings = 1000

    let stores: Stores
    let isOn: Bool
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    if try await attempt() { break }
                } catch is CancellationError {
                    return
                } catch {
                    logger.error("the import of registry:2's files failed and will be tried again", metadata: ["error": "\(error)"])
                }
                do { try await Task.sleep(for: Self.pause) } catch { return }
            }
            // A service that ends would end the others.
            try? await gracefulShutdown()
        }
    }

    /// - Returns: whether there is nothing left to do.
    func attempt() async throws -> Bool {
        guard let files = stores.storage.registryFiles else { return true }
        let (record, isEmpty) = try await stores.metadata.read {
            (try $0.importRecord(of: DistributionImport.source), try $0.isEmpty())
        }
        if record?.finishedAt != nil { return true }
        guard try await DistributionImport.isThere(files) else { return true }
        guard isOn else {
            logger.warning(
                "there are files of registry:2 under the storage's root; as storage.import is off, run cove import to serve them")
            return true
        }
        guard isEmpty || record != nil else {
            logger.warning(
                "there are files of registry:2 under the storage's root, beside images of Cove's own; run cove import to add them")
            return true
        }
        var isDone = false
        try await stores.metadata.exclusively(DistributionImport.source) {
            // Another node may have finished it while this one waited.
            let record = try await stores.metadata.read { try $0.importRecord(of: DistributionImport.source) }
            if record?.finishedAt == nil { try await importAll(files, isResumed: record != nil) }
            isDone = true
        }
        return isDone
    }

    private func importAll(_ files: any RegistryFiles, isResumed: Bool) async throws {
        logger.notice(
            isResumed
                ? "going on with the import of registry:2's files"
                : "found files of registry:2; importing them while serving: each image can be pulled as soon as it is read")
        let findings = Mutex(0)
        let reported = Mutex(ContinuousClock.now)
        let report = try await DistributionImport(files: files, metadata: stores.metadata) { finding in
            let number = findings.withLock { number in
                number += 1
                return number
            }
            guard number <= Self.mostFindings else { return }
            logger.log(
                level: finding.kind.isDamage ? .warning : .info, "import: \(finding.kind.rawValue)",
                metadata: ["path": "\(finding.path)", "detail": "\(finding.detail)"])
        } onProgress: { progress in
            let isDue = reported.withLock { last in
                guard ContinuousClock.now - last >= Self.reportInterval else { return false }
                last = .now
                return true
            }
            guard isDue else { return }
            logger.info(
                "importing",
                metadata: ["done": "\(progress.done)", "found": "\(progress.total)", "tags": "\(progress.report.tags)"])
        }.run()
        var metadata: Logger.Metadata = [
            "repositories": "\(report.repositories)", "manifests": "\(report.manifests)", "tags": "\(report.tags)",
        ]
        for (kind, count) in report.findings { metadata[kind.rawValue] = "\(count)" }
        logger.notice(
            report.isDamaged
                ? "registry:2's files are imported; some are broken: cove import --dry-run lists them" : "registry:2's files are imported",
            metadata: metadata)
    }
}
