"""Brings the libraries of the console into the package, by name and exact version, byte for byte as they are published.

`manifest.json` says of each file where it comes from, with its hash and licence; `tests/console/test_assets.py` holds
the files against it. Run it after a version below has changed.
"""

import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

TARGET = Path(__file__).parent.parent / "src" / "ramekin" / "console" / "vendor"

FILES = [
    ("preact", "11.2.0", "MIT", {"dist/preact.mjs": "preact.mjs", "hooks/dist/hooks.mjs": "hooks.mjs"}),
    ("htm", "3.1.1", "Apache-2.0", {"dist/htm.mjs": "htm.mjs"}),
    ("@preact/signals-core", "1.14.5", "MIT", {"dist/signals-core.mjs": "signals-core.mjs"}),
    ("@preact/signals", "2.11.4", "MIT", {"dist/signals.mjs": "signals.mjs"}),
    ("uplot", "1.6.32", "MIT", {"dist/uPlot.esm.js": "uplot.js", "dist/uPlot.min.css": "uplot.css"}),
]


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for path in TARGET.iterdir():
        path.unlink()
    told = []
    for package, version, licence, files in FILES:
        licence_file = f"{package.removeprefix('@').replace('/', '-')}.LICENSE.txt"
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "pack", "--silent", f"{package}@{version}"]
            name = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
            with tarfile.open(Path(folder) / name) as archive:
                for source, target in {**files, "LICENSE": licence_file}.items():
                    content = archive.extractfile(f"package/{source}").read()
                    (TARGET / target).write_bytes(content)
                    told.append({
                        "file": target, "package": package, "version": version, "path": source, "licence": licence,
                        "sha256": hashlib.sha256(content).hexdigest(),
                    })  # fmt: skip
    lines = ",\n".join(json.dumps(each) for each in sorted(told, key=lambda each: each["file"]))
    (TARGET / "manifest.json").write_text(f"[\n{lines}\n]\n")


main()
