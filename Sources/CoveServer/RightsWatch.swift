import CoveIdentity
import CoveMetadata
import Logging
import ServiceLifecycle

/// Looks every second whether another node has changed rights, and every hour after the keys of tokens.
struct RightsWatch: Service {
    private static let interval = Duration.seconds(1)
    private static let keyInterval = Duration.seconds(3600)

    let tokens: TokenService
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var keysAreDue = ContinuousClock.now + Self.keyInterval
            while !Task.isCancelled {
                do {
                    try await tokens.accounts.heedChanges()
                    if ContinuousClock.now >= keysAreDue {
                        keysAreDue = .now + Self.keyInterval
                        try await tokens.issuer.refresh()
                        _ = try await tokens.accounts.metadata.write { try $0.removeEndedRefreshTokens() }
                    }
                } catch {
                    logger.warning("cannot look for changed rights", metadata: ["reason": "\(error)"])
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}
