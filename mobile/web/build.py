"""Builds the page: a folder for any server of static files, with networks, sample and runtime.

    python mobile/web/build.py --out site
    python mobile/web/serve.py site

The folder fetches nothing from elsewhere. Threads need the first two headers of `headers.json`.
Some hosts read them from the file `_headers`; elsewhere the page's service worker adds them.
"""

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import tyro

from fetch_runtime import VENDOR, WEB, fetch_runtime
from keras_pisr.cli.model_argument import kind_of, resolve_model
from keras_pisr.cli.run_command import run_command, use_tensorflow

PAGE = WEB / "page"
RUNTIME = ("core", "wasm-utils")  # Files of `vendor` to copy; axe-core is only for tests.
NETWORKS = ("plain_sr_x2_small", "plain_sr_x3_small", "plain_sr_x4_small")
# If networks see 8 px to each side, 88 % of the computed pixels of such a tile are kept.
TILE = (256, 256)
# Radius for files that do not state theirs: more than that of any network of this package.
OVERLAP = 16


def build_site(out, networks=NETWORKS, *, vendor=VENDOR, sample=True):
    """Write the page's folder; it appears whole or not at all.

    Args:
        out: Folder to write. A folder that was built before is replaced.
        networks: Presets, `.keras` files, or `.tflite` files of whole images and one fixed size.
        vendor: Folder that `fetch_runtime` wrote.
        sample: Whether the page begins with a photograph of scikit-image.

    Returns:
        Size of the folder, bytes.

    Raises:
        ValueError: If the page cannot use a network, or `out` is not a folder that was built
            before.
        FileNotFoundError: If a network is absent.
        ImportError: If `sample` is set and scikit-image is not installed.
    """
    out = Path(out)
    if out.exists() and not (
        out.is_dir() and ((out / "site.json").is_file() or not any(out.iterdir()))
    ):
        raise ValueError(f"Expected --out to be a new folder, or one built before; got {out}.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".site-", dir=out.parent) as folder:
        site = Path(folder) / "site"
        shutil.copytree(PAGE, site)
        entries = [add_network(site, str(network)) for network in networks]
        facts = {"networks": entries, "sample": None}
        if sample:
            from site_pictures import CREDIT, write_sample

            write_sample(site / "sample.png")
            facts["sample"] = {"file": "sample.png", "credit": CREDIT}
        add_icons(site)
        (site / "site.json").write_text(json.dumps(facts, indent=1))
        write_precache(site)
        for name in RUNTIME:
            shutil.copytree(vendor / name, site / "vendor" / name)
        site.chmod(0o755)
        if out.exists():
            shutil.rmtree(out)
        site.rename(out)
    return sum(path.stat().st_size for path in out.rglob("*") if path.is_file())


def add_icons(site):
    """The sizes of icons that browsers need before they install a page."""
    from site_pictures import draw_icon

    for side in (192, 512):
        draw_icon(site / f"icon-{side}.png", side)


def add_network(site, network):
    """Put a network beside the page; returns its entry for the page."""
    folder = site / "networks"
    folder.mkdir(exist_ok=True)
    name = (
        Path(network).stem if Path(network).suffix in (".keras", ".tflite") else Path(network).name
    )
    path = folder / f"{name}.tflite"
    if path.exists():
        raise ValueError(f"Expected networks of different names; got {name} twice.")
    overlap = OVERLAP
    if kind_of(network) == "a .tflite file":
        scale = scale_of(network)
        shutil.copyfile(network, path)
    else:
        # The import is here, so that a page of `.tflite` files is built without a backend.
        from keras_pisr.inference.network import as_network
        from keras_pisr.mobile import to_tflite

        model, _ = resolve_model(network, accept=("a preset", "a .keras file"))
        to_tflite(model, path, color="rgb", size=TILE, precision="float16")
        seen = as_network(model)
        scale, overlap = seen.scale, max(seen.radius, 1)
    return {"name": name, "file": f"networks/{path.name}", "scale": scale, "overlap": overlap}


def scale_of(path):
    """The scale of a file; the page must be able to use the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a network of whole images of one fixed size.
    """
    model, _ = resolve_model(path, accept=("a .tflite file",))
    size, least = model.shape[:3], 2 * OVERLAP + 1
    if (
        model.color != "rgb"
        or None in size
        or size[0] != 1
        or model.dtype == "int8"
        or min(size[1:]) < least
    ):
        raise ValueError(
            f"{path} takes {model.color} {model.shape} of {model.dtype}; the page needs whole "
            f"images of one fixed size of {least} px or more, float32 or uint8. Run: python "
            f"mobile/export.py STUDENT --color rgb --size 256 256 --out {path}"
        )
    import numpy as np

    tile = np.zeros((*size, 3), "float32")
    return model(tile).shape[1] // size[1]


def write_precache(site):
    """Write the list of files that the service worker keeps, and a version that depends on them."""
    headers = json.loads((WEB / "headers.json").read_text())
    lines = ["/*", *(f"  {name}: {value}" for name, value in headers.items())]
    (site / "_headers").write_text("\n".join(lines) + "\n")
    left_out = ("service_worker.js", "_headers")
    paths = [p for p in sorted(site.rglob("*")) if p.is_file() and p.name not in left_out]
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(site).as_posix().encode() + b"\0" + path.read_bytes())
    kept = {
        "version": digest.hexdigest()[:16],
        "runtime": json.loads((WEB / "package.json").read_text())["dependencies"]["@litertjs/core"],
        "files": [path.relative_to(site).as_posix() for path in paths],
        "headers": headers,
    }
    (site / "precache.js").write_text(f"self.SITE = {json.dumps(kept, indent=1)};\n")


def build(
    out: Path = Path("site"),
    networks: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NETWORK ...")] = NETWORKS,
) -> int:
    """Build the page as a folder for any server of static files.

    Args:
        out: Folder to write. A folder that was built before is replaced.
        networks: Networks that the page offers: presets, `.keras` files, or `.tflite` files made by
            `export.py --color rgb --size HEIGHT WIDTH`. The page starts with the first one.
    """
    use_tensorflow()
    if not VENDOR.is_dir():
        fetch_runtime()
    size = build_site(out, networks)
    print(f"{out}: {size / 1e6:.1f} MB. To see it: python mobile/web/serve.py {out}")
    return 0


def main(argv=None):
    """Run the command line; returns the exit code."""
    return run_command(build, argv)


if __name__ == "__main__":
    sys.exit(main())
