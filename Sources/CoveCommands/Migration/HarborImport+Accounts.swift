import Foundation

extension HarborImport {
    /// Users that Harbor itself keeps. Their passwords cannot be read, so each gets a new one.
    func importUsers() async throws(HarborError) {
        let mode = try await source.api.get(["systeminfo"]).value.text("auth_mode") ?? "db_auth"
        guard mode == "db_auth" else {
            report.note("user", "all", .passedOver, "they log in by \(mode), and are made known here at their first login")
            return
        }
        let users = try await reading("user") { () throws(HarborError) in try await source.api.list(["users"]).items }
        for user in users { try await importUser(user) }
    }

    private func importUser(_ user: JSONValue) async throws(HarborError) {
        guard let name = user.text("username") else { return }
        try await take("user", name) { () throws(HarborError) in
            try await target.api.user(name) == nil ? nil : ""
        } make: { () throws(HarborError) in
            let password = Self.password()
            let body = JSONValue.object(of: [
                "username": .string(name), "password": .string(password), "email": user["email"],
                "realname": .string(user.text("realname").flatMap { $0.isEmpty ? nil : $0 } ?? name), "comment": user["comment"],
            ])
            _ = try await target.api.post(["users"], body)
            report.note(secretOf: name, kind: "user", password)
            if user.flag("sysadmin_flag") {
                let id = try await target.api.userID(name)
                _ = try await target.api.put(["users", id, "sysadmin"], ["sysadmin_flag": true])
                return "a new password; administrator"
            }
            return "a new password"
        }
    }

    /// Where only some projects come over, so do the users who are in them. Those of LDAP and OIDC the target knows by itself.
    private func importUser(ofMember name: String) async throws(HarborError) {
        guard !options.projects.isEmpty, try await target.api.user(name) == nil else { return }
        guard try await source.api.get(["systeminfo"]).value.text("auth_mode") ?? "db_auth" == "db_auth" else { return }
        guard try await source.api.user(name) != nil else { return }
        try await importUser(try await source.api.get(["users", try await source.api.userID(name)]).value)
    }

    func importGroups() async throws(HarborError) {
        let groups = try await reading("group") { () throws(HarborError) in try await source.api.list(["usergroups"]).items }
        for group in groups { try await importGroup(group) }
    }

    private func importGroup(_ group: JSONValue) async throws(HarborError) {
        guard let name = group.text("group_name") else { return }
        try await take("group", name) { () throws(HarborError) in
            try await target.api.group(name) == nil ? nil : ""
        } make: { () throws(HarborError) in
            _ = try await target.api.post(["usergroups"], group.picking(["group_name", "group_type", "ldap_group_dn"]))
            return ""
        }
    }

    func importMembers(of project: String, intoPlanned isPlanned: Bool) async throws(HarborError) {
        let path = ["projects", project, "members"]
        let members = try await reading("member") { () throws(HarborError) in try await source.api.list(path).items }
        let there = isPlanned ? [] : try await target.api.list(path).items
        for member in members {
            guard let name = member.text("entity_name"), let role = member.integer("role_id") else { continue }
            let isGroup = member.text("entity_type") == "g"
            try await take("member", "\(project): \(name)") { () throws(HarborError) in
                guard
                    let known = there.first(where: {
                        $0.text("entity_name") == name && $0.text("entity_type") == member.text("entity_type")
                    })
                else { return nil }
                return known.integer("role_id") == role ? "" : "its role here is \(known.text("role_name") ?? "another")"
            } make: { () throws(HarborError) in
                var body: [String: JSONValue] = ["role_id": .integer(role)]
                if isGroup {
                    var group = try await target.api.group(name)
                    if group == nil, let known = try await source.api.group(name) {
                        try await importGroup(known)
                        group = try await target.api.group(name)
                    }
                    guard let group else { throw HarborError.missing("there is no group '\(name)' at the target") }
                    body["member_group"] = group.picking(["id", "group_name", "group_type", "ldap_group_dn"])
                } else {
                    try await importUser(ofMember: name)
                    body["member_user"] = ["username": .string(name)]
                }
                _ = try await target.api.post(path, .object(body))
                return member.text("role_name") ?? ""
            }
        }
    }

    /// Robots of a project, or of the system. Their secrets cannot be read, so each gets a new one.
    func importRobots(of project: String?, intoPlanned isPlanned: Bool) async throws(HarborError) {
        let robots = try await reading("robot") { () throws(HarborError) in try await source.api.robots(of: project).items }
        guard !robots.isEmpty else { return }
        let prefix = await prefix(source.api)
        let there = isPlanned ? [] : try await target.api.robots(of: project).items
        for robot in robots {
            guard let full = robot.text("name") else { continue }
            let short = RobotName.short(full, of: project, prefix: prefix)
            let label = project.map { "\($0): \(short)" } ?? short
            guard let days = Self.daysLeft(robot) else {
                report.note("robot", label, .passedOver, "it has expired")
                continue
            }
            try await take("robot", label) { () throws(HarborError) in
                there.contains { RobotName.matches($0.text("name") ?? "", short, of: project) } ? "its secret here is as it was" : nil
            } make: { () throws(HarborError) in
                let body = JSONValue.object(of: [
                    "name": .string(short), "level": project == nil ? "system" : "project", "duration": .integer(days),
                    "disable": .boolean(robot.flag("disable")), "description": robot["description"],
                    "permissions": .array((robot["permissions"]?.items ?? []).map { $0.picking(["kind", "namespace", "access"]) }),
                ])
                let made = try await target.api.post(["robots"], body).value
                let name = made.text("name") ?? short
                report.note(secretOf: name, kind: "robot", made.text("secret") ?? "")
                return "'\(name)', with a new secret"
            }
        }
    }

    /// Only administrators may ask for it; others see Harbor's usual one.
    private func prefix(_ api: HarborClient) async -> String {
        let settings = try? await api.get(["configurations"]).value
        return settings?.text("robot_name_prefix.value") ?? "robot$"
    }

    /// Whole days until a robot expires; -1 for never, nil when it has.
    private static func daysLeft(_ robot: JSONValue) -> Int64? {
        guard let expires = robot.integer("expires_at"), expires > 0 else { return -1 }
        let left = expires - Int64(Date.now.timeIntervalSince1970)
        return left > 0 ? (left + 86_399) / 86_400 : nil
    }

    /// One that every set of rules takes: letters of both cases, digits, and 160 bits of chance.
    private static func password() -> String {
        let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")
        return "Cv7" + String((0..<28).compactMap { _ in letters.randomElement() })
    }
}
