"""What the other tests rely on, tried without Cove: a harness that sees nothing proves nothing."""

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from harness.faults import Faults, operation_of
from harness.s3 import BUCKET, PART, S3


def test_postgres_keeps_what_was_committed_when_it_is_restarted_without_notice(services):
    database = services.postgres.create_database()
    database.query("CREATE TABLE kept (value int); INSERT INTO kept VALUES (1)")
    services.postgres.restart("immediate")
    assert database.query("SELECT value FROM kept") == [("1",)]
    services.postgres.kill()
    services.postgres.start()
    assert database.query("SELECT value FROM kept") == [("1",)]


def test_redis_comes_and_goes(services):
    services.redis.kill()
    with pytest.raises(AssertionError):
        services.redis.size()
    services.redis.start()
    assert services.redis.size() == 0


@pytest.fixture
def client(services):
    """An S3 client that goes through the proxy."""
    return services.s3.connect(url=services.proxy.url)


def test_the_proxy_counts_what_passes(services, client):
    client.put_object(Bucket=BUCKET, Key="counted", Body=b"12345")
    assert client.get_object(Bucket=BUCKET, Key="counted")["Body"].read() == b"12345"
    assert services.proxy.counts == {"PutObject": 1, "GetObject": 1}
    assert services.proxy.received["GetObject"] == 5


def test_the_proxy_sees_a_copy(services, client):
    client.put_object(Bucket=BUCKET, Key="original", Body=b"data")
    client.copy_object(Bucket=BUCKET, Key="copy", CopySource=f"{BUCKET}/original")
    assert services.s3.read("copy") == b"data"
    assert services.proxy.counts["CopyObject"] == 1


@pytest.mark.parametrize(
    "method, target, operation",
    [
        ("POST", "/cove/a/b?uploads", "CreateMultipartUpload"),
        ("POST", "/cove/a/b?uploads=", "CreateMultipartUpload"),
        ("PUT", "/cove/a/b?partNumber=1&uploadId=x", "UploadPart"),
        ("POST", "/cove/a/b?uploadId=x", "CompleteMultipartUpload"),
        ("DELETE", "/cove/a/b?uploadId=x", "AbortMultipartUpload"),
        ("GET", "/cove/?uploads", "ListMultipartUploads"),
        ("GET", "/cove?list-type=2&prefix=x", "ListObjects"),
        ("POST", "/cove/?delete", "DeleteObjects"),
        ("HEAD", "/cove", "HeadBucket"),
        ("HEAD", "/cove/a", "HeadObject"),
        ("GET", "/cove/a?X-Amz-Signature=x", "signed GET"),
    ],
)
def test_the_proxy_knows_the_operations(method, target, operation):
    assert operation_of(method, target, {}) == operation


@pytest.mark.parametrize("kind", ["503", "500", "reset", "stall", "lost", "cut"])
def test_the_proxy_makes_requests_fail(services, client, kind):
    key = f"failing-{kind}"
    services.s3.client.put_object(Bucket=BUCKET, Key=f"{key}/read", Body=bytes(1000))
    services.proxy.faults = Faults(1, share=1, kinds=(kind,), stall=0.2)
    with pytest.raises((ClientError, BotoCoreError)) as raised:
        client.put_object(Bucket=BUCKET, Key=key, Body=b"data")
        # An answer without a body cannot be cut in the middle.
        client.get_object(Bucket=BUCKET, Key=f"{key}/read")["Body"].read()
    if kind in ("503", "500"):
        assert raised.value.response["Error"]["Code"] == {"503": "SlowDown", "500": "InternalError"}[kind]
    assert services.proxy.injected["PutObject", kind] == 1
    services.proxy.faults = None
    assert (key in services.s3.keys(key)) == (kind in ("lost", "cut")), "whether S3 did it"


def test_an_upload_that_nobody_completes_is_seen(services):
    client = services.s3.client
    upload = client.create_multipart_upload(Bucket=BUCKET, Key="orphans/one")["UploadId"]
    client.upload_part(Bucket=BUCKET, Key="orphans/one", UploadId=upload, PartNumber=1, Body=bytes(PART))
    assert services.s3.multipart_uploads("orphans/") == ["orphans/one"]
    client.abort_multipart_upload(Bucket=BUCKET, Key="orphans/one", UploadId=upload)
    assert services.s3.multipart_uploads("orphans/") == []


def test_a_guarded_s3_refuses_wrong_keys_and_signatures(tmp_path):
    guarded = S3(tmp_path).start()
    try:
        key, secret = guarded.guard()
        guarded.client.list_objects_v2(Bucket=BUCKET)
        for wrong, code in (((key, "wrong"), "SignatureDoesNotMatch"), (("wrong", secret), "InvalidAccessKeyId")):
            with pytest.raises(ClientError) as raised:
                guarded.connect("s3", *wrong).list_objects_v2(Bucket=BUCKET)
            assert raised.value.response["Error"]["Code"] == code
    finally:
        guarded.stop()
