import CoveACME
import NIOCore
import NIOEmbedded
import NIOPosix
import NIOSSL
import TestSupport
import Testing

@testable import CoveServer

@Suite("What a TLS client says first")
struct ClientHelloTests {
    /// The bytes with which a client of the TLS library begins.
    private static func hello(_ name: String?, _ protocols: [String]) throws -> ByteBuffer {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = protocols
        let handler = try NIOSSLClientHandler(context: NIOSSLContext(configuration: configuration), serverHostname: name)
        let channel = EmbeddedChannel(handler: handler)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        var bytes = ByteBuffer()
        while var next = try channel.readOutbound(as: ByteBuffer.self) { bytes.writeBuffer(&next) }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return bytes
    }

    @Test("its name and its protocols are read")
    func read() throws {
        let hello = try Self.hello("Registry.Example.org", [PendingChallenge.alpn])
        #expect(ClientHello.read(hello) == .hello(.init(serverName: "registry.example.org", protocols: ["acme-tls/1"])))
        #expect(
            try ClientHello.read(Self.hello("a.example", ["h2", "http/1.1"]))
                == .hello(.init(serverName: "a.example", protocols: ["h2", "http/1.1"])))
        #expect(try ClientHello.read(Self.hello(nil, [])) == .hello(.init(serverName: nil, protocols: [])))
    }

    @Test("a part of it is waited for")
    func parts() throws {
        let hello = try Self.hello("a.example", ["h2"])
        for length in 0..<hello.readableBytes {
            #expect(try ClientHello.read(#require(hello.getSlice(at: hello.readerIndex, length: length))) == .incomplete)
        }
    }

    @Test(
        "anything else is something else",
        arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{02}\u{01}", "\u{16}\u{03}\u{01}\u{00}\u{04}\u{01}\u{00}\u{00}\u{00}"])
    func others(text: String) {
        #expect(ClientHello.read(ByteBuffer(string: text)) == .other)
    }

    @Test("whatever bytes come, they are read or are something else", arguments: 0..<20)
    func mutations(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let hello = try Self.hello("registry.example.org", ["acme-tls/1", "h2"])
        for _ in 0..<500 {
            var bytes = hello
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let place = bytes.readerIndex + Int.random(in: 0..<bytes.readableBytes, using: &random)
                bytes.setInteger(UInt8.random(in: 0...255, using: &random), at: place)
            }
            if case .hello(let read) = ClientHello.read(bytes) { #expect(read.protocols.count < 10_000) }
        }
    }

    @Test("who is not a validation comes through as it came, in whatever pieces", arguments: [1, 7, 100, 5000])
    func passed(size: Int) throws {
        let vault = try DirectoryVault(TemporaryDirectory().file("vault"), threads: .singleton)
        let manager = CertificateManager(
            .init(hosts: ["a.example"], directoryURL: "https://ca.example"), vault: vault, logger: Requests.logger)
        for var bytes in [try Self.hello("a.example", ["h2"]), ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n")] {
            let expected = bytes
            let channel = EmbeddedChannel(handler: TLSALPNHandler(manager.board))
            while let piece = bytes.readSlice(length: min(size, bytes.readableBytes)), piece.readableBytes > 0 {
                try channel.writeInbound(piece)
            }
            var passed = ByteBuffer()
            while var next = try channel.readInbound(as: ByteBuffer.self) { passed.writeBuffer(&next) }
            #expect(passed == expected)
            #expect(throws: (any Error).self) { try channel.pipeline.syncOperations.handler(type: TLSALPNHandler.self) }
            _ = try? channel.finish(acceptAlreadyClosed: true)
        }
    }
}
