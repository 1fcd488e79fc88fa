import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore
import NIOCore

/// How the server is set up: to anybody, what is needed to log in; to those who have, more.
struct SystemInfoGroup: HarborGroup {
    /// Clients look at it to know what they can ask: the version of Harbor whose API this is, and behind it Cove's own.
    static let version = "v2.14.0-cove-\(Version.current)"

    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [.getSystemInfo: info, .getVolumes: volumes, .getCert: certificate]
    }

    private func info(_ call: HarborCall) async throws -> Response {
        let settings = platform.settings
        let banner = settings.string(.bannerMessage)
        let provider = settings.string(.oidcName)
        var info = Harbor.GeneralInfo(
            bannerMessage: banner.isEmpty ? nil : banner, authMode: settings.string(.authMode),
            primaryAuthMode: settings.boolean(.primaryAuthMode), selfRegistration: settings.boolean(.selfRegistration),
            oidcProviderName: provider.isEmpty ? nil : provider)
        guard !call.principal.isAnonymous else { return .json(info) }
        let url = platform.facts.locations.url("", for: call.exchange)
        info.currentTime = HarborTime(.nowMicroseconds)
        info.externalUrl = url
        info.registryUrl = url.split(separator: "//", maxSplits: 1).last.map(String.init)
        info.projectCreationRestriction = settings.string(.projectCreationRestriction)
        info.hasCaRoot = (try? await platform.facts.rootCertificate()) != nil
        info.harborVersion = Self.version
        info.registryStorageProviderName = platform.facts.storageProvider
        info.readOnly = settings.boolean(.readOnly)
        info.notificationEnable = settings.boolean(.notificationEnable)
        return .json(info)
    }

    /// None where bytes are not on a volume of this machine.
    private func volumes(_ call: HarborCall) async throws -> Response {
        try call.require(.read, .systemVolumes, in: .system)
        let room = try await platform.facts.room()
        return .json(Harbor.SystemInfo(storage: room.map { [Harbor.Storage(total: $0.total, free: $0.free)] } ?? []))
    }

    private func certificate(_ call: HarborCall) async throws -> Response {
        guard let pem = try? await platform.facts.rootCertificate() else {
            throw HarborFailure.notFound("the server has no root certificate to give: its certificate's is public, or it has none")
        }
        let headers: HTTPFields = [
            .contentType: "application/x-x509-ca-cert", .contentDisposition: "attachment; filename=ca.crt",
            .contentLength: String(pem.utf8.count),
        ]
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: pem)))
    }
}
