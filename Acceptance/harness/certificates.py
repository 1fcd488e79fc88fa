"""Certificates for a test: an authority of its own and what it signs, made with openssl."""

from dataclasses import dataclass
from pathlib import Path

from . import programs


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path


class Authority:
    def __init__(self, directory: Path):
        programs.need("openssl")
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.certificate = directory / "ca.pem"
        self.key = directory / "ca.key"
        self._openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 2),
            *("-subj", "/CN=acceptance authority", "-keyout", self.key, "-out", self.certificate),
        )

    def issue(self, name: str, usage: str = "serverAuth") -> Certificate:
        """A certificate for 127.0.0.1 and localhost, with a serial number of its own."""
        issued = Certificate(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        request = self.directory / f"{name}.csr"
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage={usage}\n")
        self._openssl(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", issued.key, "-out", request),
        )
        self._openssl(
            *("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial"),
            *("-days", 2, "-extfile", extensions, "-out", issued.certificate),
        )
        return issued

    def _openssl(self, *arguments: object) -> None:
        programs.run("openssl", *arguments)
