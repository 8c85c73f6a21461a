"""`export --all DIR`: makes the recommended files of every recommended preset."""

from keras_pisr.cli.run_command import use_tensorflow
from keras_pisr.console.progress_bar import ProgressBar
from keras_pisr.console.quiet import without_notices
from keras_pisr.console.stages import listening


def export_all(folder, *, calibration, images, threads, report, refused):
    """Make the files and their manifest, and print a table of them.

    Args:
        folder: Folder to write to.
        calibration, images, threads, report: As in `export`; `report` receives a copy of the
            manifest.
        refused: Flags of the other options of `export` that are given.

    Returns:
        The exit code, 0.

    Raises:
        ValueError: If other options are given, or a file fails a check.
    """
    if refused:
        raise ValueError(f"{', '.join(refused)}: not with --all, which chooses for each file.")
    use_tensorflow()
    with without_notices() as terminal, ProgressBar(file=terminal) as bar:

        def show(stage, done, total):
            # The stages of a single file would make the bar jump back.
            if stage == "Making files":
                bar.update(done, total, stage)

        with listening(show):
            from keras_pisr.mobile.export.ready_files import make_ready_files, write_json

            manifest = make_ready_files(
                folder, calibration=calibration, images=images, threads=threads
            )
    if report is not None:
        write_json(report, manifest)
    _print(manifest)
    return 0


def _print(manifest):
    from rich.console import Console
    from rich.table import Table

    from keras_pisr.mobile.export.ready_files import HEADS, cells

    table = Table(title=f"Scored on {manifest['images']}; timed on {manifest['machine']}")
    shown = [head for head in HEADS if head not in ("for", "outside XNNPACK")]
    for head in shown:
        table.add_column(head, no_wrap=head == "file")
    for row in manifest["files"]:
        words = dict(zip(HEADS, cells(row), strict=True))
        table.add_row(*(words[head].strip("`") for head in shown))
    Console().print(table)
