r"""Makes a preset folder with a model card from a finished run of `pisr_x2.py`, `_x3` or `_x4`.

    python recipes/make_preset.py runs/pisr_x2 fsrcnn_x2_mine \
        --command "python recipes/pisr_x2.py --hr-dir T91 BSDS400"

The program prints the entry for `keras_pisr/presets/catalog.py`. A preset that ships with the
package needs only this entry and its folder.
"""

import functools
import pprint
import sys
from pathlib import Path
from typing import Annotated

import tyro

import keras_pisr as kp
from keras_pisr.console.one_line_errors import run_with_one_line_errors
from keras_pisr.presets.model_card import method_of
from runs.run_folder import read_object


def main(
    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")],
    name: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME")],
    command: str,
    member: str = "student",
    out: Path = Path("keras_pisr/presets/shipped"),
    overwrite: bool = False,
):
    """Turn a model of a run into a preset.

    Args:
        run: Folder of the run, with `results.json` and `student.keras`.
        name: Name of the preset: architecture, scale and method, such as `fsrcnn_x2_pisr`.
        command: The command that made the run, for the model card, with placeholders for folders.
        member: The model of the run to take: student, one_stage or two_stages.
        out: Folder in which the folder `NAME` is made.
        overwrite: Replace an existing preset.
    """
    results = read_object(run / "results.json")
    model = kp.load_student(run / f"{member}.keras")
    try:
        card = kp.presets.model_card(name, model, results, member=member, command=command)
        scores = {test: round(row["psnr"], 2) for test, row in results["scores"][member].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{run / 'results.json'} is not what a PISR run writes: {error!r}. Put back the file "
            "as the run wrote it."
        ) from error
    kp.presets.save_to_preset(model, out / name, card=card, overwrite=overwrite)
    entry = {
        "class": type(model).__name__,
        "description": f"x{model.scale} luma, {method_of(results, member)}",
        "scale": model.scale,
        "parameters": model.count_params(),
        "psnr": scores,
    }
    print(f"Written: {out / name}. For the catalog:\n")
    pprint.pprint({name: entry}, sort_dicts=False, width=98)


if __name__ == "__main__":
    work = functools.partial(tyro.cli, main, description=__doc__)
    sys.exit(run_with_one_line_errors(work, Path(sys.argv[0]).name))
