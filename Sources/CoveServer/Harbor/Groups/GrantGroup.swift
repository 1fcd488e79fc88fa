import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Grants for single repositories, and why somebody may do something: what Harbor's API has nothing of.
struct GrantGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listRepositoryGrants: list, .createRepositoryGrant: create, .deleteRepositoryGrant: delete, .explainAccess: explain,
        ]
    }

    // MARK: - Grants

    private func list(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.list, .member)
        let query = try call.list()
        let (page, total) = try await platform.metadata.read { try $0.repositoryGrants(in: project.id, query) }
        return call.page(page.map { Harbor.RepositoryGrant($0) }, total: total, of: query)
    }

    private func create(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.create, .member)
        let body = try await call.body(Harbor.RepositoryGrantReq.self)
        let terms: GrantTerms
        do throws(GrantTerms.Malformed) {
            terms = try GrantTerms(pattern: body.pattern ?? "", actions: body.actions ?? [])
        } catch {
            throw HarborFailure.badRequest(error.description)
        }
        try refuseMore(than: call, terms, in: project)
        let (user, group) = (body.user ?? "", body.group ?? "")
        guard user.isEmpty != group.isEmpty else { throw HarborFailure.badRequest("one of user and group is required, and not both") }
        call.audited(as: "\(user.isEmpty ? group : user): \(terms.actions.joined(separator: ",")) \(project.name)/\(terms.pattern)")
        let id = try await platform.accounts.change { store in
            guard try store.project(project.id) != nil else { throw HarborFailure.notFound("there is no project '\(project.name)'") }
            let entity: MemberEntity
            if group.isEmpty {
                guard let account = try store.account(named: user) else {
                    throw HarborFailure.notFound("user: there is no user '\(user.prefix(255))'")
                }
                entity = .account(account.id)
            } else {
                guard let found = try store.accountGroup(named: group) else {
                    throw HarborFailure.notFound("group: there is no user group '\(group.prefix(255))'")
                }
                entity = .group(found.id)
            }
            guard
                let id = try store.insertRepositoryGrant(
                    in: project.id, to: entity, pattern: terms.pattern, actions: terms.actions)
            else {
                throw HarborFailure.conflict(
                    "'\(user)\(group)' has a grant on '\(terms.pattern)' of '\(project.name)' already; delete it first")
            }
            return id
        }
        return call.created(at: "/projects/\(call.wantsNameInLocation ? project.name : String(project.id))/grants/\(id)")
    }

    /// Nobody gives what they do not have: a robot that adds members may not push because of that.
    private func refuseMore(than call: HarborCall, _ terms: GrantTerms, in project: ProjectRecord) throws(HarborFailure) {
        let needed: [String: Permission] = [
            "pull": Permission(.pull, .repository), "push": Permission(.push, .repository), "delete": Permission(.delete, .artifact),
        ]
        for action in terms.actions {
            guard let permission = needed[action], call.rights.allows(permission, in: project.scope) else {
                throw .forbidden("actions: '\(call.principal.name)' may not \(action) in '\(project.name)', and so cannot let others")
            }
        }
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.delete, .member)
        let id = try call.id("grant_id")
        let unknown = HarborFailure.notFound("project '\(project.name)' has no grant \(id)")
        guard let grant = try await platform.metadata.read({ try $0.repositoryGrant(id, in: project.id) }) else { throw unknown }
        call.audited(
            as: "\(grant.user ?? grant.group ?? ""): \(grant.actions.joined(separator: ",")) \(project.name)/\(grant.pattern)")
        let isDone = try await platform.accounts.change { try $0.removeRepositoryGrant(id, in: project.id) }
        guard isDone else { throw unknown }
        return .empty(.ok)
    }

    // MARK: - Why

    /// About oneself; about others it is for those who see everything anyway.
    private func explain(_ call: HarborCall) async throws -> Response {
        let asked = call.query("user") ?? call.principal.name
        guard asked == call.principal.name || call.rights.isAdministrator || call.rights.isAuditor else {
            throw HarborFailure.forbidden("user: only administrators and auditors ask about others than themselves")
        }
        let (action, resource) = (call.query("action") ?? "", call.query("resource") ?? "")
        let question: AccessQuestion
        do throws(AccessQuestion.Malformed) {
            question = try AccessQuestion(action: action, resource: resource)
        } catch {
            throw HarborFailure.badRequest("\(error.isAboutAction ? "action" : "resource"): \(error)")
        }
        let explanation = try await platform.accounts.explain(asked, question)
        let seesAll = call.rights.isAdministrator || call.rights.isAuditor
        // To one who may not see a project it must look as if it were not there.
        let reasons = seesAll || explanation.isAllowed || explanation.isKnown ? explanation.reasons : []
        return .json(
            Harbor.AccessExplanation(
                user: asked, action: action, resource: resource, allowed: explanation.isAllowed,
                reasons: reasons.map { Harbor.AccessReason(gives: $0.gives, kind: $0.kind, text: $0.text) }))
    }
}

extension Harbor.RepositoryGrant {
    fileprivate init(_ grant: RepositoryGrantRecord) {
        self.init(
            id: grant.id, user: grant.user, group: grant.group, pattern: grant.pattern, actions: grant.actions,
            creationTime: HarborTime(grant.createdAt))
    }
}
