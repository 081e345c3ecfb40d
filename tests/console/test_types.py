"""The console's modules hold to the types that their comments say, as TypeScript's compiler reads them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ramekin import console

pytestmark = pytest.mark.long

ROOM = Path(console.__file__).parent
COMPILER = Path(sys.prefix) / "clients" / "node" / "node_modules" / "typescript" / "bin" / "tsc"


def test_every_module_holds_to_its_types(tmp_path):
    if not COMPILER.exists():
        assert os.environ.get("CI") != "true", "`make setup` installs the compiler"
        pytest.skip("the compiler is not installed: `make setup` does it, with npm")
    options = {"allowJs": True, "checkJs": True, "noEmit": True, "strict": True, "skipLibCheck": True, "types": []}
    options |= {"target": "esnext", "module": "esnext", "moduleResolution": "bundler", "lib": ["esnext", "dom", "dom.iterable"]}  # fmt: skip
    told = {"compilerOptions": options, "exclude": [str(ROOM / "vendor")]}
    told["include"] = [str(Path(__file__).with_name("libraries.d.ts")), f"{ROOM}/**/*.js"]
    (tmp_path / "tsconfig.json").write_text(json.dumps(told))
    done = subprocess.run(["node", COMPILER, "-p", tmp_path], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout
