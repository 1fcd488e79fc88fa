import CoveOCI
import CoveRegistry
import HTTPTypes
import HummingbirdCore

/// The distribution API under `/v2/` (OCI distribution-spec 1.1 and its development version). One extension a noun.
struct OCIResponder: Sendable {
    struct Options: Sendable {
        var location = LocationPolicy()
        /// The largest and the usual page of `_catalog`.
        var catalogPage = 1000
        /// The largest page of tags that is asked for with `n`.
        var tagPage = 100_000
    }

    let registry: Registry
    let options: Options
    /// Nil when every repository is the registry's own.
    var mirrors: Mirrors?

    /// Answers a request that is allowed to be made.
    ///
    /// - Parameters:
    ///   - route: what the path names; nil when it names nothing.
    ///   - path: what follows `/v2`.
    /// - Throws: ``OCIFailure``.
    func respond(_ exchange: Exchange, to route: OCIRoute?, path: Substring) async throws(OCIFailure) -> Response {
        guard let route else { throw Self.unknownEndpoint(path) }
        guard route.methods.contains(exchange.method) else {
            throw .methodNotAllowed(exchange.method, allowed: route.methods + [.options])
        }
        do throws(OCIFailure) {
            return try await respond(exchange, to: route)
        } catch {
            var failure = error
            // What the endpoint knows, but this registry's settings do not allow.
            if failure.status == .methodNotAllowed {
                failure.headers[.allow] = (route.methods.filter { $0 != exchange.method } + [.options]).map(\.rawValue)
                    .joined(separator: ", ")
            }
            throw failure
        }
    }

    private func respond(_ exchange: Exchange, to route: OCIRoute) async throws(OCIFailure) -> Response {
        switch route {
        case .base: return .json([String: String]())
        case .catalog: return try await catalog(exchange)
        case .tags(let name): return try await tags(exchange, of: try Self.name(name))
        case .referrers(let name, let digest):
            return try await referrers(exchange, of: try Self.digest(digest), in: try Self.name(name))
        case .manifest(let name, let reference):
            return try await manifest(exchange, reference, in: try Self.name(name))
        case .blob(let name, let digest):
            return try await blob(exchange, try Self.digest(digest), in: try Self.name(name))
        case .uploads(let name): return try await beginUpload(exchange, in: try Self.name(name))
        case .upload(let name, let id): return try await upload(exchange, id, in: try Self.name(name))
        }
    }

    /// Answers OPTIONS (RFC 9110 section 9.3.7): which methods there are.
    func options(_ path: Substring) -> Response {
        guard let route = OCIRoute(path: path) else { return Self.unknownEndpoint(path).response }
        return .empty(.ok, headers: [.allow: (route.methods + [.options]).map(\.rawValue).joined(separator: ", ")])
    }

    private static func unknownEndpoint(_ path: Substring) -> OCIFailure {
        OCIFailure(
            status: .notFound, code: .unsupported,
            message: "'/v2\(path.prefix(300))' is not an endpoint of the distribution API")
    }

    static func name(_ text: String) throws(OCIFailure) -> RepositoryName {
        do {
            return try RepositoryName(parsing: text)
        } catch {
            throw .badName(text, error)
        }
    }

    static func digest(_ text: String) throws(OCIFailure) -> Digest {
        do {
            return try Digest(parsing: text)
        } catch {
            throw .badDigest(text, error)
        }
    }

    /// Runs an operation of the registry and states its refusal in the protocol's terms.
    ///
    /// - Parameter adding: completes the refusal with what only the caller knows.
    func asking<T>(
        _ body: () async throws(RegistryError) -> T,
        adding: (inout OCIFailure, RegistryError) -> Void = { _, _ in }
    ) async throws(OCIFailure) -> T {
        do {
            return try await body()
        } catch {
            var failure = OCIFailure(error)
            adding(&failure, error)
            throw failure
        }
    }
}
