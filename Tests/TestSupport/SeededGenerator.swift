/// SplitMix64: the same numbers for the same seed, so that a failure can be repeated.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension RandomNumberGenerator {
    /// A text of characters of `alphabet`.
    package mutating func text(of alphabet: String, length: ClosedRange<Int>) -> String {
        let letters = Array(alphabet)
        let count = Int.random(in: length, using: &self)
        return String((0..<count).map { _ in letters[Int.random(in: letters.indices, using: &self)] })
    }

    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }

    /// `bytes` with a few of them changed, removed, doubled or put elsewhere.
    package mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            guard !bytes.isEmpty else { return bytes }
            let at = Int.random(in: bytes.indices, using: &self)
            let end = min(bytes.count, at + Int.random(in: 1...12, using: &self))
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes[at] = UInt8.random(in: .min ... .max, using: &self)
            case 1: bytes[at] = Array("{}[]\":,-0 \n#&*!|>%\\".utf8).randomElement(using: &self) ?? 0
            case 2: bytes.removeSubrange(at..<end)
            case 3: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: bytes.indices, using: &self))
            case 4: bytes.removeSubrange(at...)
            default: bytes.swapAt(at, Int.random(in: bytes.indices, using: &self))
            }
        }
        return bytes
    }
}
