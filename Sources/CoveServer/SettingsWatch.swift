import CoveConfiguration
import CoveIdentity
import Logging
import ServiceLifecycle

/// Looks every two seconds whether another node has changed a setting.
struct SettingsWatch: Service {
    let settings: Settings
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await settings.heedChanges()
                } catch {
                    logger.warning("cannot look for changed settings", metadata: ["reason": "\(error)"])
                }
                try? await Task.sleep(for: .seconds(2))
            }
        }
    }
}

extension AccountSettings {
    /// What settings are as long as nobody has set them.
    var usualSettings: [SettingName: SettingValue] {
        [
            .selfRegistration: .boolean(selfRegistration), .robotNamePrefix: .text(robotPrefix),
            .tokenExpiration: .integer(usualTokenMinutes),
        ]
    }
}
