import CoveClient

/// Takes over what a Harbor has, through its API and the registry's: whatever is there already is compared and left as it is, so a
/// run that was ended goes on when it is started again.
package struct HarborImport: Sendable {
    /// One of the two servers, as an administrator.
    package struct Server: Sendable {
        let api: HarborClient
        let registry: RegistryClient

        package init(api: HarborClient, registry: RegistryClient) {
            self.api = api
            self.registry = registry
        }
    }

    package struct Options: Sendable {
        /// Only these projects, and who is in them; empty for all there is.
        package var projects: [String] = []
        package var dryRun = false
        package var images = true

        package init() {}
    }

    let source: Server
    let target: Server
    let options: Options
    let report: MigrationReport
    /// What is under way, for people who wait.
    let onProgress: @Sendable (String, Int, Int) -> Void

    package init(
        from source: Server, to target: Server, _ options: Options, report: MigrationReport,
        onProgress: @escaping @Sendable (String, Int, Int) -> Void = { _, _, _ in }
    ) {
        self.source = source
        self.target = target
        self.options = options
        self.report = report
        self.onProgress = onProgress
    }

    /// - Throws: what keeps it from going on; what concerns one thing only is in the report.
    package func run() async throws(HarborError) {
        for server in [source, target] { _ = try await server.api.get(["users", "current"]) }
        let all = try await source.api.list(["projects"]).items
        for name in options.projects where !all.contains(where: { $0.text("name") == name }) {
            throw .missing("\(source.api.address) has no project '\(name)'")
        }
        let isWhole = options.projects.isEmpty
        let chosen = all.filter { isWhole || options.projects.contains($0.text("name") ?? "") }
        if isWhole {
            try await importUsers()
            try await importGroups()
            try await importLabels(of: nil, intoPlanned: false)
        }
        for (number, project) in chosen.enumerated() {
            onProgress("project \(project.text("name") ?? "")", number, chosen.count)
            try await importProject(project)
        }
        if isWhole { try await importRobots(of: nil, intoPlanned: false) }
        onProgress("done", chosen.count, chosen.count)
    }

    /// Makes one thing unless it is there, and writes down what became of it.
    ///
    /// - Parameters:
    ///   - isThere: what is said of it when it is: perhaps in what it differs. Nil when it is not.
    ///   - make: makes it, and tells what there is to tell.
    /// - Returns: whether it is there now.
    @discardableResult
    func take(
        _ kind: String, _ name: String, isThere: () async throws(HarborError) -> String?, make: () async throws(HarborError) -> String
    ) async throws(HarborError) -> Bool {
        do throws(HarborError) {
            if let detail = try await isThere() {
                report.note(kind, name, .present, detail)
                return true
            }
            guard !options.dryRun else {
                report.note(kind, name, .planned)
                return false
            }
            report.note(kind, name, .created, try await make())
            return true
        } catch {
            // A server that is away fails everything that follows.
            if case .unreachable = error { throw error }
            report.note(kind, name, .failed, error.description)
            return false
        }
    }

    /// What the source has of a kind; a refusal is written down, and there is nothing then.
    func reading(
        _ kind: String, _ body: () async throws(HarborError) -> [JSONValue]
    ) async throws(HarborError) -> [JSONValue] {
        do throws(HarborError) {
            return try await body()
        } catch {
            if case .unreachable = error { throw error }
            report.note(kind, "all", .failed, "cannot be read: \(error.description)")
            return []
        }
    }
}
