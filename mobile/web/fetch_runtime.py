"""Fetches the runtime that the page needs from npm into `vendor/`, once.

    python mobile/web/fetch_runtime.py

`build.py` does this if the folder is missing, and copies from it. axe-core is fetched, too, because
the tests check the page with it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WEB = Path(__file__).resolve().parent
VENDOR = WEB / "vendor"
# Of the four builds of the runtime, these are the ones that a page without JSPI loads, with
# licences.
KEPT = {
    "@litertjs": (
        "core/package.json",
        "core/README.md",
        "core/dist/index.js",
        "core/wasm/litert_wasm_compat_internal.*",
        "core/wasm/litert_wasm_internal.*",
        "core/wasm/litert_wasm_threaded_internal.*",
        "wasm-utils/package.json",
        "wasm-utils/dist/index.js",
    ),
    ".": ("axe-core/axe.min.js", "axe-core/LICENSE"),
}
# Workers have no import map, so the file must hold the path of the other package.
BARE, RELATIVE = '"@litertjs/wasm-utils"', '"../../wasm-utils/dist/index.js"'


def fetch_runtime(vendor=VENDOR):
    """Install `package.json` in a temporary folder and copy the page's files to `vendor`.

    Args:
        vendor: Folder to write; it is replaced as a whole.

    Returns:
        Size of the folder, bytes.

    Raises:
        OSError: If npm is missing or fails; the error has its last line.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("There is no npm. Install Node.js, which includes it, and try again.")
    # The folder is beside `vendor`, so that it can replace `vendor` at once.
    with tempfile.TemporaryDirectory(prefix=".vendor-", dir=vendor.parent) as folder:
        shutil.copy(WEB / "package.json", folder)
        # Scripts of packages are not run, and no lock file with addresses is left.
        command = [npm, "install", "--ignore-scripts", "--no-package-lock", "--no-audit"]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            last = (result.stderr.strip().splitlines() or ["no message"])[-1]
            raise OSError(f"npm ended with code {result.returncode}: {last}")
        fresh = Path(folder) / "vendor"
        for scope, patterns in KEPT.items():
            packages = Path(folder) / "node_modules" / scope
            for pattern in patterns:
                copy_found(packages, pattern, fresh)
        script = fresh / "core" / "dist" / "index.js"
        text = script.read_text()
        if text.count(BARE) != 1:
            raise OSError(f"{script.name} does not import {BARE} once: another version?")
        changed = "// Changed by fetch_runtime.py: one import is relative.\n"
        script.write_text(changed + text.replace(BARE, RELATIVE))
        shutil.rmtree(vendor, ignore_errors=True)
        fresh.rename(vendor)
    return sum(path.stat().st_size for path in vendor.rglob("*") if path.is_file())


def copy_found(packages, pattern, target):
    """Copy the files of a pattern, with their folders.

    Raises:
        OSError: If no file matches.
    """
    found = list(packages.glob(pattern))
    if not found:
        raise OSError(f"The packages hold no {pattern}: another version than expected?")
    for path in found:
        place = target / path.relative_to(packages)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


if __name__ == "__main__":
    try:
        print(f"{VENDOR}: {fetch_runtime() / 1e6:.1f} MB")
    except OSError as error:
        sys.exit(f"fetch_runtime.py: error: {error}")
