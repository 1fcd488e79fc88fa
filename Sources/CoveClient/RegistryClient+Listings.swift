import AsyncHTTPClient
import CoveOCI
import Foundation
import NIOCore
import NIOHTTP1

extension RegistryClient {
    /// Of one page. Some hundred thousand tags.
    private static let mostOfTags = 8 * 1024 * 1024
    /// In all.
    package static let mostTags = 200_000
    private static let mostPages = 2000

    /// All tags, at most ``mostTags``, in byte order, whatever order the registry has them in: not every one sorts, and not every
    /// one knows of pages.
    package func tags(in repository: String, tries: Int? = nil) async throws(ClientError) -> [String] {
        struct TagList: Decodable {
            let tags: [String]?
        }
        let name = address.remoteName(repository)
        var target = "\(name)/tags/list?n=1000"
        var found = Set<String>()
        for _ in 0..<Self.mostPages {
            let response = try await send(
                .GET, target, scope: scope(repository), headers: [("Accept", "application/json")], tries: tries)
            let body = try await text(of: response, most: Self.mostOfTags)
            guard let list = try? JSONDecoder().decode(TagList.self, from: Data(body.readableBytesView)) else {
                throw .invalidAnswer("a list of tags that is none")
            }
            let before = found.count
            found.formUnion(list.tags ?? [])
            guard let next = Self.nextTarget(response.headers, within: "\(name)/tags/list"), found.count > before,
                found.count < Self.mostTags
            else { break }
            target = next
        }
        return Array(found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(Self.mostTags))
    }

    /// The manifests that refer to `subject`: by the referrers API or, where the registry has none, from the tag that
    /// stands in for it (distribution-spec, "Referrers Tag Schema").
    package func referrers(of subject: Digest, in repository: String, tries: Int? = nil) async throws(ClientError) -> [Descriptor] {
        let name = address.remoteName(repository)
        var target = "\(name)/referrers/\(subject)"
        var found: [Descriptor] = []
        do throws(ClientError) {
            for _ in 0..<Self.mostReferrerPages {
                let response = try await send(
                    .GET, target, scope: scope(repository), headers: [("Accept", MediaType.imageIndex)], tries: tries)
                let body = try await text(of: response, most: Manifest.maximumSize)
                guard MediaType.essence(response.headers.first(name: "Content-Type") ?? "") == MediaType.imageIndex else { throw .notFound }
                found += try Self.entries(Data(body.readableBytesView))
                guard let next = Self.nextTarget(response.headers, within: "\(name)/referrers/") else { break }
                target = next
            }
            return found
        } catch {
            guard case .notFound = error, found.isEmpty else { throw error }
            return try await taggedReferrers(of: subject, in: repository, tries: tries)
        }
    }

    private static let mostReferrerPages = 32

    private func taggedReferrers(of subject: Digest, in repository: String, tries: Int?) async throws(ClientError) -> [Descriptor] {
        guard let tag = try? Tag(parsing: subject.referrersTag) else { return [] }
        do throws(ClientError) {
            let index = try await manifest(.tag(tag), in: repository, tries: tries)
            return try Self.entries(Data(index.payload.readableBytesView))
        } catch {
            guard case .notFound = error else { throw error }
            return []
        }
    }

    private static func entries(_ data: Data) throws(ClientError) -> [Descriptor] {
        guard let index = try? Manifest(parsing: data, contentType: MediaType.imageIndex), index.kind == .index else {
            throw .invalidAnswer("a list of referrers that is no index")
        }
        return index.manifests
    }

    /// The target of `Link: <…>; rel="next"`, when it stays within the same list.
    private static func nextTarget(_ headers: HTTPHeaders, within list: String) -> String? {
        let next = headers["Link"].first { $0.contains("rel=\"next\"") || $0.contains("rel=next") }
        guard let next, let start = next.firstIndex(of: "<"), let end = next.firstIndex(of: ">"), start < end else { return nil }
        let target = next[next.index(after: start)..<end]
        guard let place = target.range(of: "/v2/\(list)") else { return nil }
        let endpoint = target[place.lowerBound...].dropFirst("/v2/".count)
        return endpoint.utf8.count <= 2048 ? String(endpoint) : nil
    }
}
