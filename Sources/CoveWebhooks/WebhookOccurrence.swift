import CoveMetadata
import CoveOCI

/// Something that happened in a project, in the words of Harbor's payloads (docs "Webhook notifications").
package struct WebhookOccurrence: Sendable, Equatable {
    package var type: WebhookEventType
    /// UTC microseconds since 1970.
    package var at: Int64
    /// Who did it: an account, a robot, or a part of the server.
    package var actor: String
    /// Of the request that did it; empty for none.
    package var requestID: String
    package var data: Details

    package init(_ type: WebhookEventType, at: Int64, actor: String, requestID: String = "", data: Details) {
        self.type = type
        self.at = at
        self.actor = actor
        self.requestID = requestID
        self.data = data
    }

    /// `event_data`
    package struct Details: Sendable, Equatable, Encodable {
        package var resources: [Resource]?
        package var repository: Repository?
        package var retention: Retention?
        package var custom: [String: String]?

        enum CodingKeys: String, CodingKey {
            case resources, repository, retention
            case custom = "custom_attributes"
        }

        package init(
            resources: [Resource]? = nil, repository: Repository? = nil, retention: Retention? = nil, custom: [String: String]? = nil
        ) {
            self.resources = resources
            self.repository = repository
            self.retention = retention
            self.custom = custom
        }
    }

    package struct Resource: Sendable, Equatable, Encodable {
        package var digest: String?
        /// The digest once more where there is no tag.
        package var tag: String
        /// As a client would name it: `registry.example.org/team/app:1.0`.
        package var url: String?

        enum CodingKeys: String, CodingKey {
            case digest, tag
            case url = "resource_url"
        }

        /// - Parameter host: what names of content begin with; nil when it is not known.
        package init(_ repository: String, digest: Digest?, tag: String?, host: String?) {
            self.digest = digest?.description
            self.tag = tag ?? digest?.description ?? ""
            let reference = tag.map { ":\($0)" } ?? digest.map { "@\($0)" } ?? ""
            url = host.map { "\($0)/\(repository)\(reference)" }
        }
    }

    package struct Repository: Sendable, Equatable, Encodable {
        /// In seconds since 1970; nil for a repository that is not there.
        package var createdAt: Int64?
        /// Without its project.
        package var name: String
        package var project: String
        package var fullName: String
        /// `public` or `private`.
        package var type: String

        enum CodingKeys: String, CodingKey {
            case createdAt = "date_created"
            case name
            case project = "namespace"
            case fullName = "repo_full_name"
            case type = "repo_type"
        }

        package init(_ name: RepositoryName, createdAt: Int64?, in project: ProjectRecord) {
            self.createdAt = createdAt.map { $0 / 1_000_000 }
            let text = name.description
            let isShort = !text.hasPrefix(project.name + "/")
            self.name = isShort ? text : String(text.dropFirst(project.name.count + 1))
            self.project = project.name
            fullName = isShort ? "\(project.name)/\(text)" : text
            type = project.isPublic ? "public" : "private"
        }
    }

    package struct Retention: Sendable, Equatable, Encodable {
        package struct Artifact: Sendable, Equatable, Encodable {
            package var type = "image"
            package var status = "SUCCESS"
            /// Without the project: `app:1.0`, or with a digest where there is no tag.
            package var name: String

            enum CodingKeys: String, CodingKey {
                case type, status
                case name = "name_tag"
            }

            package init(name: String) { self.name = name }
        }

        package var total: Int
        package var retained: Int
        package var project: String
        package var policyID: Int64
        /// `SUCCESS`
        package var result: String
        package var deleted: [Artifact]

        enum CodingKeys: String, CodingKey {
            case total, retained, result
            case project = "project_name"
            case policyID = "retention_policy_id"
            case deleted = "deleted_artifact"
        }

        package init(total: Int, retained: Int, project: String, policyID: Int64, result: String, deleted: [Artifact]) {
            self.total = total
            self.retained = retained
            self.project = project
            self.policyID = policyID
            self.result = result
            self.deleted = deleted
        }
    }
}
