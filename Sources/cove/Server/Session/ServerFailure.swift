import ArgumentParser
import CoveCommands

/// What commands at a server end with, beside 0 and ArgumentParser's 64 for usage.
enum ServerFailure {
    static let failed = ExitCode(1)
    static let notAuthenticated = ExitCode(3)
    static let forbidden = ExitCode(4)
    static let notFound = ExitCode(5)
    /// What is there already, or still, is in the way.
    static let conflict = ExitCode(6)
    static let unreachable = ExitCode(7)

    static let help = """
        Exit codes: 0 done, 1 failed, 3 not logged in or the login was not accepted, 4 forbidden, 5 not found, 6 in conflict \
        with what is there, 7 the server cannot be reached, 64 wrong usage.
        """

    /// Says what went wrong, and turns it into an exit code.
    static func reporting(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as HarborError {
            _ = Console.failure(error.description)
            throw code(error)
        } catch let error as ContextStore.Failure {
            throw Console.failure(error.description)
        } catch let error as HelperProgram.Failure {
            throw Console.failure(error.description)
        }
    }

    static func code(_ error: HarborError) -> ExitCode {
        switch error {
        case .unreachable: unreachable
        case .missing: notFound
        case .unusable, .invalidAnswer: failed
        case .refused(let refusal):
            switch refusal.status {
            case 401: notAuthenticated
            case 403: forbidden
            case 404: notFound
            case 409, 412: conflict
            default: failed
            }
        }
    }
}
