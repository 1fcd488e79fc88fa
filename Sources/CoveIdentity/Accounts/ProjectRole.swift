/// What somebody is in a project, numbered as in Harbor's API.
package enum ProjectRole: Int64, Sendable, CaseIterable {
    case projectAdmin = 1
    case developer = 2
    case guest = 3
    case maintainer = 4
    case limitedGuest = 5

    /// As Harbor's API spells it.
    package var name: String {
        switch self {
        case .projectAdmin: "projectAdmin"
        case .developer: "developer"
        case .guest: "guest"
        case .maintainer: "maintainer"
        case .limitedGuest: "limitedGuest"
        }
    }

    /// From the strongest to the weakest.
    package static let byStrength: [ProjectRole] = [.projectAdmin, .maintainer, .developer, .guest, .limitedGuest]
}
