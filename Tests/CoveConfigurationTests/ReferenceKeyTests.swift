import Testing

@testable import CoveConfiguration

@Suite("Configuration: every key that Distribution reads")
struct ReferenceKeyTests {
    /// Of the configuration reference and the code of Distribution 2.8.3 and 3.1.1, the parameters of storage drivers and
    /// middleware included. In a path, `[]` stands for an element of a list and `*` for any name.
    private static let keys = """
        version loglevel
        log.accesslog.disabled log.level log.formatter log.fields.* log.reportcaller log.hooks.[].disabled log.hooks.[].type
        log.hooks.[].levels log.hooks.[].options.smtp.addr log.hooks.[].options.smtp.username log.hooks.[].options.smtp.password
        log.hooks.[].options.smtp.insecure log.hooks.[].options.from log.hooks.[].options.to
        storage.filesystem.rootdirectory storage.filesystem.maxthreads storage.inmemory storage.tag.concurrencylimit
        storage.delete.enabled storage.redirect.disable storage.cache.blobdescriptor storage.cache.layerinfo
        storage.cache.blobdescriptorsize storage.maintenance.uploadpurging.enabled storage.maintenance.uploadpurging.age
        storage.maintenance.uploadpurging.interval storage.maintenance.uploadpurging.dryrun storage.maintenance.readonly.enabled
        storage.azure.accountname storage.azure.accountkey storage.azure.container storage.azure.realm storage.azure.rootdirectory
        storage.azure.serviceurl storage.azure.max_retries storage.azure.retry_delay storage.azure.credentials.type
        storage.azure.credentials.clientid storage.azure.credentials.tenantid storage.azure.credentials.secret
        storage.gcs.bucket storage.gcs.keyfile storage.gcs.rootdirectory storage.gcs.chunksize storage.gcs.maxconcurrency
        storage.gcs.credentials.type storage.gcs.credentials.private_key
        storage.s3.accesskey storage.s3.secretkey storage.s3.region storage.s3.regionendpoint storage.s3.forcepathstyle
        storage.s3.accelerate storage.s3.bucket storage.s3.encrypt storage.s3.keyid storage.s3.secure storage.s3.skipverify
        storage.s3.v4auth storage.s3.chunksize storage.s3.multipartcopychunksize storage.s3.multipartcopymaxconcurrency
        storage.s3.multipartcopythresholdsize storage.s3.rootdirectory storage.s3.storageclass storage.s3.useragent
        storage.s3.objectacl storage.s3.usedualstack storage.s3.usefipsendpoint storage.s3.loglevel storage.s3.redirectendpoint
        storage.swift.username storage.swift.password storage.swift.authurl storage.swift.container storage.swift.trustid
        storage.swift.tempurlcontainerkey storage.oss.accesskeyid storage.oss.accesskeysecret storage.oss.region storage.oss.bucket
        auth.none auth.silly.realm auth.silly.service auth.token.autoredirect auth.token.autoredirectpath auth.token.realm
        auth.token.service auth.token.issuer auth.token.rootcertbundle auth.token.jwks auth.token.signingalgorithms
        auth.htpasswd.realm auth.htpasswd.path
        middleware.registry.[].name middleware.registry.[].disabled middleware.registry.[].options.*
        middleware.repository.[].name middleware.repository.[].disabled middleware.repository.[].options.*
        middleware.storage.[].name middleware.storage.[].disabled middleware.storage.[].options.baseurl
        middleware.storage.[].options.privatekey middleware.storage.[].options.keypairid middleware.storage.[].options.duration
        middleware.storage.[].options.ipfilteredby middleware.storage.[].options.awsregion
        middleware.storage.[].options.updatefrequency middleware.storage.[].options.updatefrenquency
        middleware.storage.[].options.iprangesurl middleware.storage.[].options.scheme middleware.storage.[].options.host
        middleware.storage.[].options.trimpathprefix
        reporting.bugsnag.apikey reporting.bugsnag.releasestage reporting.bugsnag.endpoint reporting.newrelic.licensekey
        reporting.newrelic.name reporting.newrelic.verbose
        http.addr http.net http.host http.prefix http.secret http.relativeurls http.draintimeout http.headers.* http.http2.disabled
        http.h2c.enabled http.debug.addr http.debug.prometheus.enabled http.debug.prometheus.path http.tls.certificate http.tls.key
        http.tls.clientcas http.tls.clientauth http.tls.minimumtls http.tls.ciphersuites http.tls.letsencrypt.cachefile
        http.tls.letsencrypt.email http.tls.letsencrypt.hosts http.tls.letsencrypt.directoryurl
        notifications.events.includereferences notifications.endpoints.[].name notifications.endpoints.[].disabled
        notifications.endpoints.[].url notifications.endpoints.[].headers.* notifications.endpoints.[].timeout
        notifications.endpoints.[].threshold notifications.endpoints.[].backoff notifications.endpoints.[].ignoredmediatypes
        notifications.endpoints.[].ignore.mediatypes notifications.endpoints.[].ignore.actions
        redis.addr redis.addrs redis.username redis.password redis.sentinelusername redis.sentinelpassword redis.db redis.clientname
        redis.protocol redis.maxretries redis.minretrybackoff redis.maxretrybackoff redis.dialtimeout redis.readtimeout
        redis.writetimeout redis.contexttimeoutenabled redis.poolfifo redis.poolsize redis.pooltimeout redis.minidleconns
        redis.maxidleconns redis.maxactiveconns redis.connmaxidletime redis.connmaxlifetime redis.maxredirects redis.readonly
        redis.routebylatency redis.routerandomly redis.mastername redis.disableidentity redis.disableindentity redis.identitysuffix
        redis.unstableresp3 redis.pool.maxidle redis.pool.maxactive redis.pool.idletimeout redis.tls.enabled redis.tls.certificate
        redis.tls.key redis.tls.rootcas redis.tls.clientcas
        health.storagedriver.enabled health.storagedriver.interval health.storagedriver.threshold health.file.[].file
        health.file.[].interval health.file.[].threshold health.http.[].uri health.http.[].headers.* health.http.[].statuscode
        health.http.[].timeout health.http.[].interval health.http.[].threshold health.tcp.[].addr health.tcp.[].timeout
        health.tcp.[].interval health.tcp.[].threshold
        catalog.maxentries tags.maxtags
        proxy.remoteurl proxy.username proxy.password proxy.ttl proxy.exec.command proxy.exec.lifetime proxy.cachewritetimeout
        compatibility.schema1.signingkeyfile compatibility.schema1.enabled
        validation.enabled validation.disabled validation.manifests.urls.allow validation.manifests.urls.deny
        validation.manifests.indexes.platforms validation.manifests.indexes.platformlist.[].architecture
        validation.manifests.indexes.platformlist.[].os
        policy.repository.classes
        """.split(whereSeparator: \.isWhitespace).map(String.init)

    @Test("each acts, or is refused with a sentence", arguments: keys)
    func known(name: String) {
        let path = name.split(separator: ".").map(String.init)
        let isKnown = ConfigurationKey.table.contains { key in
            key.path == path || key.refusal != nil && key.path.count <= path.count && Array(path.prefix(key.path.count)) == key.path
        }
        #expect(isKnown, "neither acts nor is refused")
    }

    @Test("refusals say why, and what to do instead")
    func sentences() {
        let remedies = ["use ", "remove ", "set ", "give ", "write ", "have "]
        for key in ConfigurationKey.table {
            guard let refusal = key.refusal else { continue }
            #expect(remedies.contains { refusal.contains($0) }, "\(key.name): \(refusal)")
        }
    }
}
