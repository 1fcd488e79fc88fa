import NIOCore
import Synchronization

/// Hands buffers from one task to another and keeps the first waiting while there are enough.
final class PieceQueue: Sendable {
    private struct State {
        var pieces: [ByteBuffer] = []
        var bytes = 0
        /// Set when nothing will be put any more.
        var end: Result<Void, S3Error>?
        var isClosed = false
        var taker: CheckedContinuation<Void, Never>?
        var putter: CheckedContinuation<Void, Never>?

        mutating func wakeTaker() -> CheckedContinuation<Void, Never>? {
            defer { taker = nil }
            return taker
        }

        mutating func wakePutter() -> CheckedContinuation<Void, Never>? {
            defer { putter = nil }
            return putter
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: bytes from which on ``put(_:)`` waits.
    init(limit: Int) {
        self.limit = limit
    }

    /// Puts a piece, then waits until there is room for another one.
    ///
    /// - Returns: false when nobody will take it.
    func put(_ piece: ByteBuffer) async -> Bool {
        let taker = state.withLock { state in
            state.pieces.append(piece)
            state.bytes += piece.readableBytes
            return state.wakeTaker()
        }
        taker?.resume()
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if state.bytes < limit || state.isClosed { return true }
                state.putter = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
        return state.withLock { !$0.isClosed }
    }

    /// Says that nothing more will be put.
    func finish(_ end: Result<Void, S3Error>) {
        let taker = state.withLock { state in
            state.end = end
            return state.wakeTaker()
        }
        taker?.resume()
    }

    /// Takes up to `length` bytes, waiting for the first of them. Used by one task at a time; when that is cancelled, the
    /// queue closes.
    ///
    /// - Returns: nil at the end.
    func take(upTo length: Int) async throws(S3Error) -> ByteBuffer? {
        while true {
            let (piece, end, putter) = state.withLock { state -> (ByteBuffer?, Result<Void, S3Error>?, CheckedContinuation<Void, Never>?) in
                guard !state.pieces.isEmpty, !state.isClosed else {
                    return (nil, state.isClosed ? .failure(.cancelled) : state.end, nil)
                }
                let piece = state.pieces[0].readSlice(length: min(length, state.pieces[0].readableBytes)) ?? ByteBuffer()
                if state.pieces[0].readableBytes == 0 { state.pieces.removeFirst() }
                state.bytes -= piece.readableBytes
                return (piece, nil, state.bytes < limit ? state.wakePutter() : nil)
            }
            putter?.resume()
            if let piece { return piece }
            if let end {
                try end.get()
                return nil
            }
            await waitForPiece()
        }
    }

    /// Drops what is there and lets nobody wait any more.
    func close() {
        let (taker, putter) = state.withLock { state in
            state.isClosed = true
            state.pieces = []
            return (state.wakeTaker(), state.wakePutter())
        }
        taker?.resume()
        putter?.resume()
    }

    private func waitForPiece() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if !state.pieces.isEmpty || state.end != nil || state.isClosed { return true }
                    state.taker = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            close()
        }
    }
}
