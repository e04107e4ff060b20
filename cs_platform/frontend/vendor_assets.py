"""Front-end files of others, copied into the repository: `vendor_assets.py [--check | --lock]`.

Without an option it installs the locked packages with npm in a temporary folder and copies the few files that the pages
need to `cs_platform/static/vendor/`, with their licences, a sprite of the icons in icons.txt and a manifest of hashes.
`--check` compares the hashes and needs no Node. `--lock` renews package-lock.json after a change of package.json.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE.parent / "static" / "vendor"
MANIFEST = VENDOR / "MANIFEST.json"
NPM_INSTALL = ["npm", "install", "--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved=true"]
SOURCE_MAP = re.compile(rb"\n?/[/*]# sourceMappingURL=[^\n]*")

ICONS = HERE / "icons.txt"


@dataclass(frozen=True)
class Copied:
    """One file of a package that is copied as it is, but for the pointer to a source map that we do not ship."""

    package: str
    source: str
    target: str


# Tabler's script is not among them: menus, dialogs and pop-overs are the browser's own (popover, command, <details>).
FILES = (Copied("@tabler/core", "dist/css/tabler.min.css", "tabler.min.css"),)
SPRITE = "@tabler/icons"


def folder_of(package: str, version: str) -> Path:
    """`@tabler/core` 1.6.1 lies in `tabler-core/1.6.1`: no sign that an address would have to quote."""
    return VENDOR / package.lstrip("@").replace("/", "-") / version


def vendor() -> None:
    with tempfile.TemporaryDirectory() as place:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=place, check=True)
        modules = Path(place) / "node_modules"
        shutil.rmtree(VENDOR, ignore_errors=True)
        entries = [_copy(modules, wanted) for wanted in FILES]
        entries.append(_sprite(modules))
        entries += [_licence(modules, package) for package in _packages()]
    MANIFEST.write_text(json.dumps({"files": entries}, indent=2) + "\n")


def _packages() -> list[str]:
    return list(json.loads((HERE / "package.json").read_text())["dependencies"])


def _about(modules: Path, package: str) -> dict[str, str]:
    about = json.loads((modules / package / "package.json").read_text())
    return {"package": package, "version": about["version"], "licence": about["license"]}


def _write(about: dict[str, str], source: str, target: str, content: bytes) -> dict[str, str]:
    path = folder_of(about["package"], about["version"]) / target
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    name = path.relative_to(VENDOR).as_posix()
    return {"file": name, **about, "source": source, "sha512": hashlib.sha512(content).hexdigest()}


def _copy(modules: Path, wanted: Copied) -> dict[str, str]:
    content = SOURCE_MAP.sub(b"", (modules / wanted.package / wanted.source).read_bytes())
    return _write(_about(modules, wanted.package), wanted.source, wanted.target, content)


def _sprite(modules: Path) -> dict[str, str]:
    """One SVG of all icons; colour and stroke come from the page's style sheet."""
    symbols = []
    for name in ICONS.read_text().split():
        text = (modules / SPRITE / "icons" / "outline" / f"{name}.svg").read_text()
        shapes = re.sub(r"\s+", " ", text[text.index(">") + 1 : text.rindex("</svg>")]).strip()
        shapes = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/> ?', "", shapes)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes.replace("> <", "><")}</symbol>')
    content = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    return _write(_about(modules, SPRITE), "icons/outline/*.svg", "icons.svg", content.encode())


def _licence(modules: Path, package: str) -> dict[str, str]:
    """The package's own text, or ours from licences/ for a package that ships none."""
    own = modules / package / "LICENSE"
    about = _about(modules, package)
    kept = HERE / "licences" / (folder_of(package, "")).with_suffix(".txt").name
    text = own if own.exists() else kept
    return _write(about, text.name, "LICENSE", text.read_bytes())


def problems() -> list[str]:
    """What differs between the manifest and the folder, as sentences; empty when all is well."""
    entries = json.loads(MANIFEST.read_text())["files"]
    found = [_compare(VENDOR / entry["file"], entry["sha512"]) for entry in entries]
    known = {entry["file"] for entry in entries} | {MANIFEST.name}
    strangers = {p.relative_to(VENDOR).as_posix() for p in VENDOR.rglob("*") if p.is_file()} - known
    locked = json.loads((HERE / "package-lock.json").read_text())["packages"]
    stale = {e["package"] for e in entries if locked[f"node_modules/{e['package']}"]["version"] != e["version"]}
    return [
        *filter(None, found),
        *(f"{name} is not in the manifest" for name in sorted(strangers)),
        *(f"{package} is vendored in another version than the locked one" for package in sorted(stale)),
    ]


def _compare(path: Path, sha512: str) -> str:
    if not path.exists():
        return f"{path.relative_to(VENDOR)} is missing"
    same = hashlib.sha512(path.read_bytes()).hexdigest() == sha512
    return "" if same else f"{path.relative_to(VENDOR)} was changed by hand"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare the hashes")
    parser.add_argument("--lock", action="store_true", help="renew package-lock.json")
    options = parser.parse_args()
    if options.lock:
        return subprocess.run(NPM_INSTALL, cwd=HERE, check=False).returncode
    if not options.check:
        vendor()
    found = problems()
    print("\n".join(found) or "vendored files are as the manifest says")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
