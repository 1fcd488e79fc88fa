import Foundation

/// PostgreSQL's binary formats and the numbers of its types (`pg_type.dat`).
extension SQLValue {
    private enum TypeNumber {
        static let bool: UInt32 = 16
        static let bytea: UInt32 = 17
        static let name: UInt32 = 19
        static let int8: UInt32 = 20
        static let int2: UInt32 = 21
        static let int4: UInt32 = 23
        static let text: UInt32 = 25
        static let unknown: UInt32 = 705
        static let varchar: UInt32 = 1043
        static let void: UInt32 = 2278
    }

    /// The type that a parameter is declared with; 0 lets the server work it out.
    var typeNumber: UInt32 {
        switch self {
        case .null: 0
        case .integer: TypeNumber.int8
        case .text: TypeNumber.text
        case .blob: TypeNumber.bytea
        }
    }

    /// The value as it is sent; nil for null.
    var wire: Data? {
        switch self {
        case .null: nil
        case .integer(let number): withUnsafeBytes(of: number.bigEndian) { Data($0) }
        case .text(let text): Data(text.utf8)
        case .blob(let data): data
        }
    }

    /// A value as it was received; nil when it is of a type that Cove's schema does not have.
    init?(wire bytes: UnsafeRawBufferPointer, typeNumber: UInt32) {
        switch typeNumber {
        case TypeNumber.int8, TypeNumber.int4, TypeNumber.int2, TypeNumber.bool:
            // Two's complement, most significant byte first.
            guard let first = bytes.first else { return nil }
            let start: Int64 = typeNumber != TypeNumber.bool && first & 0x80 != 0 ? -1 : 0
            self = .integer(bytes.reduce(start) { $0 << 8 | Int64($1) })
        case TypeNumber.bytea: self = .blob(Data(bytes))
        case TypeNumber.text, TypeNumber.varchar, TypeNumber.name, TypeNumber.unknown:
            self = .text(String(decoding: bytes, as: UTF8.self))
        case TypeNumber.void: self = .null
        default: return nil
        }
    }
}
