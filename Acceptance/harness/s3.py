"""An S3 of the tests' own: moto's server in a process, and what a test asks it behind the nodes' backs."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from . import processes, programs
from .server import free_port, until

BUCKET = "cove"
ACCESS_KEY = "acceptance"
SECRET_KEY = "the/secret+of=the acceptance tests"
REGION = "us-east-1"
PART = 5 << 20  # the least that a part may have, but the last one


class S3:
    """Keeps everything in memory. Believes any key until `guard` is called."""

    def __init__(self, directory: Path):
        self.boto3 = pytest.importorskip("boto3", reason=programs.MISSING + "moto (PyPI)")
        pytest.importorskip("moto.server", reason=programs.MISSING + "moto (PyPI)")
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = directory / "moto.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> "S3":
        command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", self.port)
        self.process = processes.start(*command, log=self.log_path)
        assert until(self._answers, seconds=60), f"no S3:\n{self.log_path.read_text()[-2000:]}"
        self.client = self.connect()
        self.client.create_bucket(Bucket=BUCKET)
        return self

    def _answers(self) -> bool:
        try:
            return requests.get(self.url, timeout=2).status_code == 200
        except OSError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process, 5)
            self.process = None

    def connect(self, service: str = "s3", key: str = ACCESS_KEY, secret: str = SECRET_KEY, url: str | None = None):
        """A client that tries once."""
        from botocore.config import Config

        style = {"addressing_style": "path"}
        config = Config(s3=style, retries={"total_max_attempts": 1}, read_timeout=10, proxies={})
        return self.boto3.client(
            service,
            endpoint_url=url or self.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=config,
        )

    def guard(self) -> tuple[str, str]:
        """From here on every signature is checked. The one key that opens the bucket, and its secret."""
        iam = self.connect("iam")
        iam.create_user(UserName="cove")
        policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
        iam.put_user_policy(UserName="cove", PolicyName="s3", PolicyDocument=policy)
        key = iam.create_access_key(UserName="cove")["AccessKey"]
        assert requests.post(f"{self.url}/moto-api/reset-auth", data=b"0", timeout=10).ok
        self.client = self.connect("s3", key["AccessKeyId"], key["SecretAccessKey"])
        return key["AccessKeyId"], key["SecretAccessKey"]

    # What is there

    def keys(self, prefix: str = "") -> dict[str, int]:
        """Every object below a prefix, and its size."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", [])}

    def multipart_uploads(self, prefix: str = "") -> list[str]:
        """The keys of uploads that were neither completed nor aborted: what a bucket's owner pays for and never sees."""
        listed = self.client.list_multipart_uploads(Bucket=BUCKET, Prefix=prefix)
        return [upload["Key"] for upload in listed.get("Uploads", [])]

    def read(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=key)
