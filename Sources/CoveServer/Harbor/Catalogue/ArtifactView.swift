import CoveMetadata
import CoveOCI
import CoveRegistry
import Foundation
import NIOCore

/// Artifacts as Harbor's API shows them, with what was asked for beside them.
struct ArtifactView: Sendable {
    private let withTags: Bool
    private let withLabels: Bool
    private let withAccessories: Bool
    private let withInherited: Bool
    private let platform: Platform

    init(_ call: HarborCall) {
        withTags = call.flag("with_tag") ?? true
        withLabels = call.flag("with_label") ?? false
        withAccessories = call.flag("with_accessory") ?? call.flag("with_signature") ?? false
        withInherited = call.flag("with_inherited_accessory") ?? false
        platform = call.platform
    }

    /// What is read for a page, in few questions however many artifacts it has.
    private struct Beside: Sendable {
        var tags: [Int64: [TagRecord]] = [:]
        /// Names of those that a rule keeps as they are, by repository.
        var immutable: [Int64: Set<String>] = [:]
        var labels: [Int64: [LabelRecord]] = [:]
        /// By repository.
        var accessories: [Int64: [Digest: [AccessoryRecord]]] = [:]
        var children: [Int64: [Digest: Int64]] = [:]
        /// The indexes that have an artifact as an entry.
        var parents: [Int64: [Digest]] = [:]
        /// The rows of subjects.
        var subjects: [Int64: [Digest: Int64]] = [:]
    }

    /// A JSON array of artifacts.
    func list(_ artifacts: [ArtifactRecord]) async throws -> ByteBuffer {
        let texts = try await texts(artifacts)
        var buffer = ByteBufferAllocator().buffer(capacity: texts.reduce(2) { $0 + $1.count + 1 })
        buffer.writeString("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { buffer.writeString(",") }
            buffer.writeBytes(text)
        }
        buffer.writeString("]")
        return buffer
    }

    /// A JSON object.
    func one(_ artifact: ArtifactRecord) async throws -> ByteBuffer {
        ByteBuffer(bytes: try await texts([artifact])[0])
    }

    private func texts(_ artifacts: [ArtifactRecord]) async throws -> [Data] {
        let artifacts = try await platform.registry.examine(artifacts)
        let decoder = JSONDecoder()
        let children = try artifacts.map { artifact in
            artifact.isIndex ? try decoder.decode([ArtifactChild].self, from: Data((artifact.children ?? "[]").utf8)) : []
        }
        let beside = try await beside(artifacts, children)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return try zip(artifacts, children).map { artifact, children in
            let shown = try encoder.encode(shown(artifact, children, beside))
            // These are kept as JSON: reading them to write them again was most of a page's time.
            var text = Data("{\"extra_attrs\":\(artifact.attributes ?? "{}"),".utf8)
            if let annotations = artifact.annotations { text += Data("\"annotations\":\(annotations),".utf8) }
            return text + shown.dropFirst()
        }
    }

    private func beside(_ artifacts: [ArtifactRecord], _ children: [[ArtifactChild]]) async throws -> Beside {
        try await platform.metadata.read { store in
            var beside = Beside()
            let ids = artifacts.map(\.id)
            if withTags {
                beside.tags = try store.tags(ofArtifacts: ids)
                for (repository, tags) in Dictionary(grouping: beside.tags.values.joined(), by: \.repositoryID) {
                    beside.immutable[repository] = try store.immutableTags(among: tags.map(\.name), in: repository)
                }
            }
            if withLabels { beside.labels = try store.labels(ofArtifacts: ids) }
            for (repository, places) in Dictionary(grouping: artifacts.indices, by: { artifacts[$0].repositoryID }) {
                let entries = places.flatMap { children[$0].compactMap { try? Digest(parsing: $0.digest) } }
                if !entries.isEmpty { beside.children[repository] = try store.manifestIDs(entries, in: repository) }
                var subjects: [Digest] = withAccessories ? places.map { artifacts[$0].digest } : []
                if withInherited {
                    for place in places {
                        let parents = try store.indexes(with: artifacts[place].digest, in: repository)
                        beside.parents[artifacts[place].id] = parents
                        subjects += parents
                    }
                }
                if !subjects.isEmpty {
                    beside.accessories[repository] = try store.accessories(of: subjects, in: repository)
                    if withInherited { beside.subjects[repository] = try store.manifestIDs(subjects, in: repository) }
                }
            }
            return beside
        }
    }

    private func shown(_ artifact: ArtifactRecord, _ children: [ArtifactChild], _ beside: Beside) -> Harbor.Artifact {
        let name = Self.fullName(artifact.repository)
        var shown = Harbor.Artifact()
        shown.id = artifact.id
        shown.type = artifact.kind
        shown.mediaType = artifact.contentType
        shown.manifestMediaType = artifact.manifestType
        shown.artifactType = artifact.artifactType
        shown.projectId = artifact.projectID
        shown.repositoryId = artifact.repositoryID
        shown.repositoryName = name
        shown.digest = artifact.digest.description
        shown.size = artifact.size
        shown.icon = Icons.digest(ofKind: artifact.kind)
        shown.pushTime = HarborTime(artifact.pushedAt)
        shown.pullTime = artifact.pulledAt.map(HarborTime.init)
        shown.additionLinks = Self.links(artifact, name)
        if artifact.isIndex { shown.references = references(of: artifact, children, beside) }
        if withTags {
            let immutable = beside.immutable[artifact.repositoryID] ?? []
            shown.tags = (beside.tags[artifact.id] ?? []).map { Harbor.Tag($0, isImmutable: immutable.contains($0.name)) }
        }
        if withLabels { shown.labels = (beside.labels[artifact.id] ?? []).map(Harbor.Label.init) }
        let accessories = beside.accessories[artifact.repositoryID] ?? [:]
        if withAccessories {
            shown.accessories = (accessories[artifact.digest] ?? []).map { Harbor.Accessory($0, subject: artifact.id, in: name) }
        }
        if withInherited {
            shown.inheritedAccessories = (beside.parents[artifact.id] ?? []).flatMap { parent in
                (accessories[parent] ?? []).filter { $0.type.hasPrefix("signature.") }.map {
                    Harbor.Accessory($0, subject: beside.subjects[artifact.repositoryID]?[parent] ?? 0, in: name)
                }
            }
        }
        return shown
    }

    private func references(of artifact: ArtifactRecord, _ children: [ArtifactChild], _ beside: Beside) -> [Harbor.Reference] {
        children.map { child in
            var reference = Harbor.Reference()
            reference.parentId = artifact.id
            reference.childId = (try? Digest(parsing: child.digest)).flatMap { beside.children[artifact.repositoryID]?[$0] }
            reference.childDigest = child.digest
            reference.platform = child.platform.map {
                var platform = Harbor.Platform()
                platform.architecture = $0.architecture
                platform.os = $0.os
                platform.variant = $0.variant
                return platform
            }
            reference.annotations = child.annotations
            reference.urls = child.urls
            return reference
        }
    }

    /// What it has beside its manifest.
    private static func links(_ artifact: ArtifactRecord, _ name: String) -> [String: Harbor.AdditionLink] {
        guard !artifact.isIndex else { return [:] }
        let additions = Registry.Addition.allCases.filter { $0.kind == artifact.kind }
        guard !additions.isEmpty, let slash = name.firstIndex(of: "/") else { return [:] }
        let repository = PercentCoding.encode(PercentCoding.encode(String(name[name.index(after: slash)...])))
        let base = "\(HarborResponder.prefix)/projects/\(name[..<slash])/repositories/\(repository)/artifacts/\(artifact.digest)/additions"
        return Dictionary(
            uniqueKeysWithValues: additions.map { addition in
                var link = Harbor.AdditionLink()
                link.href = "\(base)/\(addition.rawValue)"
                link.absolute = false
                return (addition.rawValue, link)
            })
    }

    static func fullName(_ name: RepositoryName) -> String { name.description.contains("/") ? name.description : "library/\(name)" }
}

extension Harbor.Tag {
    init(_ tag: TagRecord, isImmutable: Bool) {
        self.init()
        id = tag.id
        repositoryId = tag.repositoryID
        artifactId = tag.manifestID
        name = tag.name
        pushTime = HarborTime(tag.pushedAt)
        pullTime = tag.pulledAt.map(HarborTime.init)
        immutable = isImmutable
    }
}

extension Harbor.Label {
    init(_ label: LabelRecord) {
        self.init()
        id = label.id
        name = label.name
        description = label.description
        color = label.color
        scope = label.projectID == nil ? "g" : "p"
        projectId = label.projectID ?? 0
        creationTime = HarborTime(label.createdAt)
        updateTime = HarborTime(label.updatedAt)
    }
}

extension Harbor.Accessory {
    /// - Parameter subject: the row of what it refers to.
    init(_ accessory: AccessoryRecord, subject: Int64, in repository: String) {
        self.init()
        id = accessory.id
        artifactId = accessory.id
        subjectArtifactId = subject
        subjectArtifactDigest = accessory.subject.description
        subjectArtifactRepo = repository
        size = accessory.size
        digest = accessory.digest.description
        type = accessory.type
        icon = Icons.digest(ofKind: accessory.type)
        creationTime = HarborTime(accessory.createdAt)
    }
}
