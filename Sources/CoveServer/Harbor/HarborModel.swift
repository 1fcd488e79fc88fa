import HTTPTypes

/// What a body of a request may be made of.
protocol HarborModel: Decodable, Sendable {
    static var fields: [HarborField] { get }
}

/// A field of a body, as the description has it.
struct HarborField: Sendable {
    indirect enum Kind: Sendable {
        case string, integer, number, boolean, time, any
        case array(Kind)
        case map(Kind)
        case model(any HarborModel.Type)
    }

    let name: String
    let kind: Kind
    let isRequired: Bool
    /// In characters; nil for no limit of its own.
    let maximumLength: Int?
    /// All that it may be; empty for anything.
    let values: [String]

    init(_ name: String, _ kind: Kind, isRequired: Bool = false, maximumLength: Int? = nil, values: [String] = []) {
        self.name = name
        self.kind = kind
        self.isRequired = isRequired
        self.maximumLength = maximumLength
        self.values = values
    }
}

/// A parameter of a path or a query.
struct HarborParameter: Sendable {
    enum Kind: Sendable {
        case string, integer, boolean
    }

    let name: String
    let kind: Kind
    let isRequired: Bool
    let values: [String]
    let minimum: Int64?
    let maximum: Int64?

    init(
        _ name: String, _ kind: Kind, isRequired: Bool = false, values: [String] = [], minimum: Int64? = nil, maximum: Int64? = nil
    ) {
        self.name = name
        self.kind = kind
        self.isRequired = isRequired
        self.values = values
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// Where an operation is, and what it takes beside a body.
struct HarborEndpoint: Sendable {
    let method: HTTPRequest.Method
    /// Below `/api/v2.0`, with `{names}` for parameters.
    let path: String
    let group: String
    let parameters: [HarborParameter]
    /// Whether it answers with plain text, refusals among it: the envelope is then sent as that.
    let isText: Bool

    init(_ method: HTTPRequest.Method, _ path: String, group: String, _ parameters: [HarborParameter], isText: Bool = false) {
        self.method = method
        self.path = path
        self.group = group
        self.parameters = parameters
        self.isText = isText
    }
}
