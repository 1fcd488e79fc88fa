import ArgumentParser
import CoveCommands

struct TagCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Tags of artifacts.", discussion: ServerFailure.help,
        subcommands: [List.self, Create.self, Delete.self], aliases: ["tags"])

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the tags of an artifact, or of a whole repository.", aliases: ["ls"])

        @Argument(help: "PROJECT/REPOSITORY, or one artifact of it: with :TAG or @DIGEST.")
        var artifact: ArtifactName

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let listing: Listing
            if let reference = artifact.reference {
                listing = try await session.client.list(
                    artifact.path + ["artifacts", reference, "tags"], list.request(), [("with_immutable_status", "true")])
            } else {
                listing = try await ofRepository(session)
            }
            session.show(
                listing,
                [
                    Column("NAME", "name"), Column("DIGEST") { String(($0.text("digest") ?? "").prefix(19)) },
                    Column("IMMUTABLE", "immutable", .yesNo), Column("PUSHED", "push_time", .time), Column("PULLED", "pull_time", .time),
                ], key: "name")
        }

        /// The tags of the artifacts on the page that is asked for.
        private func ofRepository(_ session: ServerSession) async throws -> Listing {
            let artifacts = try await session.client.list(
                artifact.path + ["artifacts"], list.request(), [("with_tag", "true"), ("with_immutable_status", "true")])
            let tags = artifacts.items.flatMap { artifact in
                (artifact["tags"]?.items ?? []).map { tag in
                    JSONValue.object(tag.fields.merging(["digest": artifact["digest"] ?? .null]) { $1 })
                }
            }
            if let total = artifacts.total, total > artifacts.items.count {
                Console.note("the tags of \(artifacts.items.count) of \(total) artifacts; --all shows all")
            }
            return Listing(items: tags, total: nil)
        }
    }

    struct Create: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give an artifact another tag.", discussion: "cove tag create team/app:1.2.3 stable")

        @OptionGroup var artifact: ArtifactChoice

        @Argument(help: "The new tag.")
        var tag: String

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            _ = try await session.client.post(try artifact.path + ["tags"], ["name": .string(tag)])
            session.done("'\(artifact.text)' has the tag '\(tag)' now", ["name": .string(tag)])
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a tag away; the artifact stays.", discussion: "cove tag delete team/app:stable", aliases: ["rm"])

        @OptionGroup var artifact: ArtifactChoice

        @Argument(help: "The tag, when the artifact is named otherwise.")
        var tag: String?

        @OptionGroup var deletion: DeleteOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let name = tag ?? artifact.artifact.reference ?? ""
            guard tag != nil || !name.contains(":") else { throw HarborError.unusable("'\(artifact.text)' names no tag; name one") }
            guard try deletion.allows("the tag '\(name)'", ["name": .string(name)], session) else { return }
            try await session.client.delete(try artifact.path + ["tags", name])
            session.done("the tag '\(name)' was deleted", ["name": .string(name)])
        }
    }
}
