"""Certificates for tests: an authority, and what it signs."""

import subprocess
from pathlib import Path


class Authority:
    """A certificate authority of the test's own in `folder`."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._name = name
        self.ca = folder / f"{name}.crt"
        _openssl(folder, "req", "-x509", *_KEY, "-keyout", f"{name}.key", "-out", self.ca.name, "-subj", f"/CN={name}")

    def sign(self, name: str, *, hosts: str = "") -> tuple[Path, Path]:
        """Certificate and key of `name`; `hosts` as in subjectAltName."""
        _openssl(self._folder, "req", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={hosts}\n" if hosts else "basicConstraints=CA:FALSE\n")
        signed = ["-CA", self.ca.name, "-CAkey", f"{self._name}.key", "-CAcreateserial", "-extfile", extensions.name]
        _openssl(self._folder, "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", *signed)
        return self._folder / f"{name}.crt", self._folder / f"{name}.key"


_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
