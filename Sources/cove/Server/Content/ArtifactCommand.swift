import ArgumentParser
import CoveCommands

struct ArtifactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "artifact", abstract: "Images and other artifacts of a repository.", discussion: ServerFailure.help,
        subcommands: [List.self, View.self, Delete.self, Tag.self, Label.self], aliases: ["artifacts"])

    private static let columns = [
        Column("DIGEST") { String(($0.text("digest") ?? "").prefix(19)) }, Column("TAGS", tags), Column("TYPE", "type"),
        Column("SIZE", "size", .size), Column("PUSHED", "push_time", .time), Column("PULLED", "pull_time", .time),
    ]

    @Sendable private static func tags(_ artifact: JSONValue) -> String {
        (artifact["tags"]?.items ?? []).compactMap { $0.text("name") }.joined(separator: ",")
    }

    @Sendable private static func labels(_ artifact: JSONValue) -> String {
        (artifact["labels"]?.items ?? []).compactMap { $0.text("name") }.joined(separator: ",")
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List the artifacts of a repository.", aliases: ["ls"])

        @Argument(help: "PROJECT/REPOSITORY.")
        var repository: ArtifactName

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(
                try await session.client.list(
                    repository.path + ["artifacts"], list.request(), [("with_tag", "true"), ("with_label", "true")]),
                columns, key: "digest")
        }
    }

    struct View: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Show an artifact.", aliases: ["show"])

        @OptionGroup var artifact: ArtifactChoice
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let query = [("with_tag", "true"), ("with_label", "true"), ("with_accessory", "true"), ("with_immutable_status", "true")]
            let value = try await session.client.get(try artifact.path, query).value
            session.show(
                value,
                [Column("DIGEST", "digest")] + columns.dropFirst() + [
                    Column("MEDIA TYPE", "manifest_media_type"), Column("ARTIFACT TYPE", "artifact_type"), Column("LABELS", labels),
                    Column("OS", "extra_attrs.os"), Column("ARCHITECTURE", "extra_attrs.architecture"),
                    Column("ACCESSORIES") { ($0["accessories"]?.items ?? []).compactMap { $0.text("type") }.joined(separator: ",") },
                ], key: "digest")
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Delete an artifact with all of its tags.", aliases: ["rm"])

        @OptionGroup var artifact: ArtifactChoice
        @OptionGroup var deletion: DeleteOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let found = try await session.client.get(try artifact.path, [("with_tag", "true")]).value
            let tags = ArtifactCommand.tags(found)
            let what = "artifact '\(artifact.text)'\(tags.isEmpty ? "" : " with its tags \(tags)")"
            guard try deletion.allows(what, ["name": .string(artifact.text)], session) else { return }
            try await session.client.delete(try artifact.path)
            session.done("artifact '\(artifact.text)' was deleted", ["name": .string(artifact.text)])
        }
    }

    struct Tag: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tags of an artifact.", subcommands: [TagCommand.Create.self, TagCommand.List.self, TagCommand.Delete.self],
            aliases: ["tags"])
    }

    struct Label: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Labels on an artifact.", subcommands: [Add.self, Remove.self])

        struct Add: ServerCommand {
            static let configuration = CommandConfiguration(abstract: "Put a label on it: one of the project's, or a global one.")

            @OptionGroup var artifact: ArtifactChoice

            @Argument(help: "The label's name.")
            var label: String

            @OptionGroup var server: ServerOptions

            func run(_ session: ServerSession) async throws {
                let found = try await artifact.label(label, session)
                _ = try await session.client.post(try artifact.path + ["labels"], found.picking(["id"]))
                session.done("'\(artifact.text)' has the label '\(label)' now", found.picking(["id", "name"]))
            }
        }

        struct Remove: ServerCommand {
            static let configuration = CommandConfiguration(abstract: "Take a label off it.", aliases: ["delete", "rm"])

            @OptionGroup var artifact: ArtifactChoice

            @Argument(help: "The label's name.")
            var label: String

            @OptionGroup var server: ServerOptions

            func run(_ session: ServerSession) async throws {
                let found = try await artifact.label(label, session)
                try await session.client.delete(try artifact.path + ["labels", found.integer("id").map(String.init) ?? ""])
                session.done("'\(artifact.text)' has the label '\(label)' no more", found.picking(["id", "name"]))
            }
        }
    }
}

/// Which artifact: `project/app:tag`, `project/app@digest`, or both parts by themselves.
struct ArtifactChoice: ParsableArguments {
    @Argument(help: "PROJECT/REPOSITORY:TAG or PROJECT/REPOSITORY@DIGEST.")
    var artifact: ArtifactName

    var text: String { artifact.name + (artifact.reference.map { ($0.contains(":") ? "@" : ":") + $0 } ?? "") }

    var path: [String] {
        get throws {
            guard let reference = artifact.reference else {
                throw HarborError.unusable("'\(artifact.name)' is a repository; add :TAG or @DIGEST")
            }
            return artifact.path + ["artifacts", reference]
        }
    }

    func label(_ name: String, _ session: ServerSession) async throws -> JSONValue {
        do throws(HarborError) {
            return try await session.client.label(name, of: artifact.project)
        } catch {
            guard case .missing = error else { throw error }
            return try await session.client.label(name, of: nil)
        }
    }
}
