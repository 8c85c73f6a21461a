"""Fetch the runtime that the page needs from npm into `vendor/`, once.

    python mobile/web/build.py

Afterwards `mobile/web` is a static page that fetches nothing from elsewhere.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WEB = Path(__file__).parent
VENDOR = WEB / "vendor"
# Of four builds of the runtime, those that a page without JSPI asks for; licences beside them.
KEPT = (
    "core/package.json",
    "core/README.md",
    "core/dist/index.js",
    "core/wasm/litert_wasm_compat_internal.*",
    "core/wasm/litert_wasm_internal.*",
    "core/wasm/litert_wasm_threaded_internal.*",
    "wasm-utils/package.json",
    "wasm-utils/dist/index.js",
)


def build(vendor=VENDOR):
    """Install `package.json` elsewhere and put what the page needs into `vendor`.

    Raises:
        OSError: If npm is absent or fails, with its last line.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("There is no npm. Install Node.js, which brings it, and try again.")
    # Beside `vendor`, so that it takes its place at once.
    with tempfile.TemporaryDirectory(prefix=".vendor-", dir=vendor.parent) as folder:
        shutil.copy(WEB / "package.json", folder)
        # No scripts of packages are run, and no lock file with addresses is left.
        command = [npm, "install", "--ignore-scripts", "--no-package-lock", "--no-audit"]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            last = (result.stderr.strip().splitlines() or ["no message"])[-1]
            raise OSError(f"npm ended with code {result.returncode}: {last}")
        packages, fresh = Path(folder) / "node_modules" / "@litertjs", Path(folder) / "vendor"
        for pattern in KEPT:
            found = list(packages.glob(pattern))
            if not found:
                raise OSError(f"The packages hold no {pattern}: another version than expected?")
            for path in found:
                target = fresh / path.relative_to(packages)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        shutil.rmtree(vendor, ignore_errors=True)
        fresh.rename(vendor)
    return sum(path.stat().st_size for path in vendor.rglob("*") if path.is_file())


if __name__ == "__main__":
    try:
        print(f"{VENDOR}: {build() / 1e6:.1f} MB")
    except OSError as error:
        sys.exit(f"build.py: error: {error}")
