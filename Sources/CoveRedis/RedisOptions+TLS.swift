import NIOSSL

extension RedisOptions.TLS {
    /// What NIO needs to speak TLS with these options.
    ///
    /// - Throws: ``RedisError/badTLS(_:)`` naming the file.
    var context: NIOSSLContext {
        get throws(RedisError) {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            if !authorities.isEmpty {
                var roots: [NIOSSLCertificate] = []
                for path in authorities { roots += try Self.certificates(path) }
                configuration.trustRoots = .certificates(roots)
            }
            if let identity {
                configuration.certificateChain = try Self.certificates(identity.certificate).map { .certificate($0) }
                do {
                    configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: identity.key, format: .pem))
                } catch {
                    throw .badTLS("redis.tls: cannot read a PEM private key from \(identity.key): \(error)")
                }
            }
            do {
                return try NIOSSLContext(configuration: configuration)
            } catch {
                throw .badTLS("redis.tls: cannot be used: \(error)")
            }
        }
    }

    private static func certificates(_ path: String) throws(RedisError) -> [NIOSSLCertificate] {
        do {
            return try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw .badTLS("redis.tls: cannot read PEM certificates from \(path): \(error)")
        }
    }
}
