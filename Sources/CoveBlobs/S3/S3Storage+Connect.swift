/// Whether the bucket can be used.
extension S3Storage {
    /// A small list of the bucket: it needs the right endpoint, region, keys and bucket, and changes nothing.
    package func probe() async throws(BlobStorageError) {
        do throws(S3Error) {
            try await place.client.checkBucket(tries: 2, within: .seconds(5))
        } catch {
            throw .failed("S3: \(error)")
        }
    }

    /// As ``probe()``, at the start: an error names the setting that is probably wrong, and what to try.
    ///
    /// - Parameter patience: how long an answer may take.
    /// - Throws: ``BlobStorageError/failed(_:)``.
    package func connect(within patience: Duration = .seconds(8)) async throws(BlobStorageError) {
        let client = place.client
        let result: Result<Void, S3Error> = await withTaskGroup(of: Result<Void, S3Error>.self) { group in
            group.addTask {
                do throws(S3Error) {
                    return .success(try await client.checkBucket(tries: 3, within: patience / 2))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: patience)
                return .failure(.stalled(patience))
            }
            let first = await group.next() ?? .failure(.cancelled)
            group.cancelAll()
            return first
        }
        do throws(S3Error) {
            try result.get()
        } catch {
            throw .failed(advice(on: error))
        }
    }

    /// A sentence on which setting to look at.
    private func advice(on error: S3Error) -> String {
        let options = place.client.options
        let origin = place.client.endpoint.origin
        switch error {
        case .noCredentials(let why): return why
        case .refused(let refusal):
            let answer = "\(origin) answers \(error)"
            if let region = refusal.region, region != options.region, refusal.isElsewhere {
                return "storage.s3.region: the bucket '\(options.bucket)' is in \(region), not in \(options.region); "
                    + "set storage.s3.region to \(region). \(answer)"
            }
            switch refusal.code {
            case "NoSuchBucket":
                return "storage.s3.bucket: there is no bucket '\(options.bucket)'; create it, or name another. \(answer)"
            case "InvalidAccessKeyId", "InvalidClientTokenId":
                return "storage.s3.accesskey: the service does not know the access key; check it. \(answer)"
            case "SignatureDoesNotMatch":
                return "storage.s3.secretkey: the service does not take this pair of storage.s3.accesskey and storage.s3.secretkey; "
                    + "check both. \(answer)"
            case "ExpiredToken", "InvalidToken":
                return "storage.s3.sessiontoken: the session token has expired or is not the keys'; get new ones. \(answer)"
            case "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
                return "storage.s3.region: '\(options.region)' is not the bucket's region; set the right one. \(answer)"
            case "RequestTimeTooSkewed":
                return "this machine's clock is wrong; set it, by NTP for instance. \(answer)"
            default: break
            }
            switch refusal.status {
            case 301, 307:
                return "storage.s3.region: the bucket '\(options.bucket)' is in another region than \(options.region). \(answer)"
            case 401, 403:
                return "storage.s3.accesskey: these credentials may not list the bucket '\(options.bucket)'; grant them "
                    + "s3:ListBucket, s3:ListBucketMultipartUploads, s3:GetObject, s3:PutObject, s3:DeleteObject and "
                    + "s3:AbortMultipartUpload. \(answer)"
            default: return "storage.s3.regionendpoint: \(answer); is that an S3 service?"
            }
        case .unreachable, .stalled, .invalidAnswer, .cancelled:
            return "storage.s3.regionendpoint: \(origin) does not answer as S3 does: \(error); check storage.s3.regionendpoint, "
                + "storage.s3.region and storage.s3.secure, and that the service runs"
        }
    }
}

extension S3Error.Refusal {
    /// Whether the answer says that the bucket is another region's.
    fileprivate var isElsewhere: Bool {
        status == 301 || status == 307 || ["PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"].contains(code)
    }
}
