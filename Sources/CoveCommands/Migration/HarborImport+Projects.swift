extension HarborImport {
    /// Metadata that is made anew or of no use elsewhere.
    private static let own: Set<String> = ["retention_id"]

    func importProject(_ listed: JSONValue) async throws(HarborError) {
        guard let name = listed.text("name") else { return }
        guard (listed.integer("registry_id") ?? 0) == 0 else {
            report.note(
                "project", name, .passedOver, "it is a proxy cache of another registry; set up proxy.upstreams in config.yml instead")
            return
        }
        var metadata: [String: JSONValue] = [:]
        let isThere = try await take("project", name) { () throws(HarborError) in
            let project = try await source.api.get(["projects", name]).value
            metadata = (project["metadata"]?.fields ?? [:]).filter { !Self.own.contains($0.key) && !$0.key.hasPrefix("proxy_") }
            guard let there = try await target.api.find(["projects", name]) else { return nil }
            let differing = metadata.keys.filter { there["metadata"]?[$0] != metadata[$0] }.sorted()
            return differing.isEmpty ? "" : "it differs in \(differing.joined(separator: ", "))"
        } make: { () throws(HarborError) in
            let body = JSONValue.object(of: [
                "project_name": .string(name), "metadata": .object(metadata),
                // Its own limit comes when its images are here.
                "storage_limit": -1,
                "cve_allowlist": listed["cve_allowlist"]?.picking(["items", "expires_at"]),
            ])
            _ = try await target.api.post(["projects"], body)
            return metadata["public"] == "true" ? "public" : "private"
        }
        guard isThere || options.dryRun else { return }
        let isPlanned = !isThere
        try await importMembers(of: name, intoPlanned: isPlanned)
        try await importLabels(of: name, intoPlanned: isPlanned)
        try await importRobots(of: name, intoPlanned: isPlanned)
        if options.images { try await importImages(of: name, intoPlanned: isPlanned) }
        // What acts on pushes comes after them.
        try await importImmutableRules(of: name, intoPlanned: isPlanned)
        try await importRetention(of: name, intoPlanned: isPlanned)
        try await importWebhooks(of: name, intoPlanned: isPlanned)
        try await importQuota(of: name, intoPlanned: isPlanned)
    }

    func importLabels(of project: String?, intoPlanned isPlanned: Bool) async throws(HarborError) {
        let labels = try await reading("label") { () throws(HarborError) in
            try await source.api.list(["labels"], .everything, try await source.api.labelScope(project)).items
        }
        guard !labels.isEmpty else { return }
        let there = isPlanned ? [] : try await target.api.list(["labels"], .everything, try await target.api.labelScope(project)).items
        for label in labels {
            guard let name = label.text("name") else { continue }
            try await take("label", project.map { "\($0): \(name)" } ?? name) { () throws(HarborError) in
                there.contains { $0.text("name") == name } ? "" : nil
            } make: { () throws(HarborError) in
                var body = label.picking(["name", "description", "color", "scope"]).fields
                if let project { body["project_id"] = .integer(try await target.api.projectID(project)) }
                _ = try await target.api.post(["labels"], .object(body))
                return ""
            }
        }
    }

    private func importImmutableRules(of project: String, intoPlanned isPlanned: Bool) async throws(HarborError) {
        let path = ["projects", project, "immutabletagrules"]
        let rules = try await reading("immutable rule") { () throws(HarborError) in try await source.api.list(path).items }
        guard !rules.isEmpty else { return }
        let there = isPlanned ? [] : try await target.api.list(path).items.map(RuleText.of)
        for rule in rules {
            try await take("immutable rule", "\(project): \(RuleText.of(rule))") { () throws(HarborError) in
                there.contains(RuleText.of(rule)) ? "" : nil
            } make: { () throws(HarborError) in
                let names = ["disabled", "action", "template", "params", "priority", "tag_selectors", "scope_selectors"]
                _ = try await target.api.post(path, rule.picking(names))
                return ""
            }
        }
    }

    private func importRetention(of project: String, intoPlanned isPlanned: Bool) async throws(HarborError) {
        func policy(_ api: HarborClient) async throws(HarborError) -> String? {
            try await api.get(["projects", project]).value.text("metadata.retention_id").flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let id = try await policy(source.api) else { return }
        try await take("retention", project) { () throws(HarborError) in
            isPlanned ? nil : try await policy(target.api) == nil ? nil : "it is left as it is here"
        } make: { () throws(HarborError) in
            let old = try await source.api.get(["retentions", id]).value
            let rules = (old["rules"]?.items ?? []).map {
                $0.picking(["disabled", "action", "template", "params", "priority", "tag_selectors", "scope_selectors"])
            }
            var trigger = old["trigger"]?.fields ?? ["kind": "Schedule", "settings": ["cron": ""]]
            // Harbor's id of the schedule.
            trigger["references"] = nil
            let body: JSONValue = [
                "algorithm": old["algorithm"] ?? "or", "rules": .array(rules), "trigger": .object(trigger),
                "scope": ["level": "project", "ref": .integer(try await target.api.projectID(project))],
            ]
            _ = try await target.api.post(["retentions"], body)
            return "\(rules.count) rules"
        }
    }

    private func importWebhooks(of project: String, intoPlanned isPlanned: Bool) async throws(HarborError) {
        let path = ["projects", project, "webhook", "policies"]
        let policies = try await reading("webhook") { () throws(HarborError) in try await source.api.list(path).items }
        guard !policies.isEmpty else { return }
        let there = isPlanned ? [] : try await target.api.list(path).items
        for policy in policies {
            guard let name = policy.text("name") else { continue }
            try await take("webhook", "\(project): \(name)") { () throws(HarborError) in
                there.contains { $0.text("name") == name } ? "" : nil
            } make: { () throws(HarborError) in
                _ = try await target.api.post(path, policy.picking(["name", "description", "targets", "event_types", "enabled"]))
                return ""
            }
        }
    }

    private func importQuota(of project: String, intoPlanned isPlanned: Bool) async throws(HarborError) {
        let quotas = try await reading("quota") { () throws(HarborError) in [try await source.api.quota(of: project)] }
        guard let hard = quotas.first?["hard"] else { return }
        let wanted = hard.integer("storage").map { ByteSize.text($0) } ?? ""
        var quota: JSONValue?
        try await take("quota", project) { () throws(HarborError) in
            guard !isPlanned else { return nil }
            quota = try await target.api.quota(of: project)
            let isSame = hard.fields.allSatisfy { quota?["hard"]?[$0.key] == $0.value }
            return isSame ? wanted : nil
        } make: { () throws(HarborError) in
            let id = quota?.integer("id").map(String.init) ?? ""
            _ = try await target.api.put(["quotas", id], ["hard": hard])
            return wanted
        }
    }
}

/// What tells one rule from another: what it selects, whatever else a server says with it.
enum RuleText {
    static func of(_ rule: JSONValue) -> String {
        let scope = (rule["scope_selectors"]?.fields ?? [:]).sorted { $0.key < $1.key }.flatMap { $0.value.items }
        let texts = (scope + (rule["tag_selectors"]?.items ?? [])).map { "\($0.text("decoration") ?? "") \($0.text("pattern") ?? "")" }
        return texts.joined(separator: ", ") + (rule.flag("disabled") ? " (disabled)" : "")
    }
}
