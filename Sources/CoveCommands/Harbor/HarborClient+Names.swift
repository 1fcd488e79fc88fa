/// Where Harbor's API wants ids, people say names.
extension HarborClient {
    package func projectID(_ name: String) async throws(HarborError) -> Int64 {
        guard let id = try await get(["projects", name]).value.integer("project_id") else {
            throw .invalidAnswer(server: "\(address)", why: "the project '\(name)' has no project_id")
        }
        return id
    }

    /// A user by name.
    package func user(_ name: String) async throws(HarborError) -> JSONValue? {
        let found = try await list(["users", "search"], .everything, [("username", name)])
        return found.items.first { $0.text("username") == name }
    }

    package func userID(_ name: String) async throws(HarborError) -> String {
        guard let id = try await user(name)?.integer("user_id") else {
            throw .missing("there is no user '\(name)'; cove user list shows those that there are")
        }
        return String(id)
    }

    /// A group of users by name.
    package func group(_ name: String) async throws(HarborError) -> JSONValue? {
        let found = try await list(["usergroups", "search"], .everything, [("groupname", name)])
        return found.items.first { $0.text("group_name") == name }
    }

    package func groupID(_ name: String) async throws(HarborError) -> String {
        guard let id = try await group(name)?.integer("id") else {
            throw .missing("there is no group '\(name)'; cove usergroup list shows those that there are")
        }
        return String(id)
    }

    /// A member of a project by the name of the user or group.
    package func member(_ name: MemberName, of project: String) async throws(HarborError) -> JSONValue {
        let found = try await list(["projects", project, "members"], .everything, [("entityname", name.name)])
        let matching = found.items.filter { name.matches($0) }
        guard let member = matching.first else { throw .missing("'\(name.name)' is no member of project '\(project)'") }
        guard matching.count == 1 else {
            throw .unusable("a user and a group are called '\(name.name)'; say user:\(name.name) or group:\(name.name)")
        }
        return member
    }

    /// The robots of a project, or those of the whole system.
    package func robots(of project: String?, _ request: ListRequest = .everything) async throws(HarborError) -> Listing {
        var request = request
        if let project {
            let conditions = "Level=project,ProjectID=\(try await projectID(project))"
            request.query = request.query.map { "\(conditions),\($0)" } ?? conditions
        } else if request.query == nil {
            request.query = "Level=system"
        }
        return try await list(["robots"], request)
    }

    /// A robot by its id, its full name, or what it was called when it was made.
    package func robot(_ name: String, of project: String?) async throws(HarborError) -> JSONValue {
        if Int64(name) != nil { return try await get(["robots", name]).value }
        // `robot$project+name` says itself whose it is.
        let inside =
            project
            ?? name.split(separator: "+").first.flatMap { head in
                name.contains("+") ? head.split(separator: "$").last.map(String.init) : nil
            }
        let found = try await robots(of: inside).items.filter { RobotName.matches($0.text("name") ?? "", name, of: inside) }
        guard let robot = found.first else {
            let place = inside.map { "in project '\($0)'" } ?? "of the system; name the project of another with --project"
            throw .missing("there is no robot '\(name)' \(place)")
        }
        guard found.count == 1 else { throw .unusable("several robots are called '\(name)'; give the id of one") }
        return robot
    }

    /// A label by name: a project's, or a global one.
    package func label(_ name: String, of project: String?) async throws(HarborError) -> JSONValue {
        let listing = try await list(["labels"], .everything, try await labelScope(project) + [("name", name)])
        guard let label = listing.items.first(where: { $0.text("name") == name }) else {
            throw .missing("there is no label '\(name)' \(project.map { "in project '\($0)'" } ?? "that is global")")
        }
        return label
    }

    /// What lists the labels of a project, or the global ones.
    package func labelScope(_ project: String?) async throws(HarborError) -> [(String, String)] {
        guard let project else { return [("scope", "g")] }
        return [("scope", "p"), ("project_id", String(try await projectID(project)))]
    }

    /// The quota of a project.
    package func quota(of project: String) async throws(HarborError) -> JSONValue {
        let id = try await projectID(project)
        let found = try await list(["quotas"], .everything, [("reference", "project"), ("reference_id", String(id))])
        guard let quota = found.items.first(where: { $0.integer("ref.id") == id }) ?? found.items.first else {
            throw .missing("project '\(project)' has no quota; quota_per_project_enable may be off")
        }
        return quota
    }

    /// A webhook policy by its name or id.
    package func webhook(_ name: String, of project: String) async throws(HarborError) -> JSONValue {
        let found = try await list(["projects", project, "webhook", "policies"]).items
        let matching = found.first { $0.text("name") == name } ?? found.first { $0.integer("id").map(String.init) == name }
        guard let policy = matching else {
            throw .missing("project '\(project)' has no webhook '\(name)'; cove webhook list \(project) shows those that there are")
        }
        return policy
    }
}
