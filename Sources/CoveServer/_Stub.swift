import Logging
import NIOPosix
final class HTPasswd: Sendable { init(path: String, threadPool: NIOThreadPool, logger: Logger) throws {}
 func cachedVerdict(user: String, password: String) -> Bool? { true }
 func verify(user: String, password: String) async -> Bool { true } }
struct BasicCredentials { var user = ""; var password = ""; init?(authorizationHeader: String) { return nil } }
