/// What a token allows, as it is written in it.
package struct GrantedAccess: Sendable, Equatable, Encodable {
    package let type: String
    package let name: String
    package let actions: [String]
}
