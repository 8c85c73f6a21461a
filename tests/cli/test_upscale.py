"""`keras-pisr upscale`, and presets on the command line."""

import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from keras_pisr.cli.main import main
from keras_pisr.cli.upscale import choose_preset
from keras_pisr.presets import CATALOG
from keras_pisr.presets.catalog import FOR_TABLES, RECOMMENDED


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    from keras_pisr.models import FSRCNN

    folder = tmp_path_factory.mktemp("presets")
    model = FSRCNN(2, features=6, shrunk_features=3, mapping_layers=1)
    model.save(folder / "student.keras")
    model.save_to_preset(folder / "mine")
    return folder / "mine"


@pytest.fixture
def images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for name, shape in {"a.png": (22, 24, 3), "b.jpg": (23, 25)}.items():
        Image.fromarray(rng.integers(0, 256, shape, "uint8")).save(tmp_path / "in" / name)
    return tmp_path


def test_a_folder_is_enlarged_by_a_preset(images, preset, capsys):
    command = ["upscale", "in", "-o", "large", "--preset", str(preset), "--suffix", "_x2"]
    assert main(command) == 0
    captured = capsys.readouterr()
    assert captured.out == "2 images written to large\n" and captured.err == ""
    assert Image.open(images / "large" / "a_x2.png").size == (48, 44)
    assert Image.open(images / "large" / "b_x2.jpg").mode == "L"
    assert main(command) == 0
    assert "0 images written to large; 2 were there already" in capsys.readouterr().out
    assert main([*command, "--overwrite"]) == 0
    assert capsys.readouterr().out == "2 images written to large\n"


def test_images_that_were_saved_as_coarse_jpeg_are_met_with_their_preset(images, preset, capsys):
    for name in ("c.jpg", "d.jpg"):
        Image.open("in/a.png").save(images / "in" / name, quality=60)
    Image.open("in/a.png").save(images / "in" / "fine.jpg", quality=95)
    assert main(["upscale", "in/c.jpg", "-o", "1.png"]) == 0
    error = capsys.readouterr().err
    assert "note: in/c.jpg was saved as JPEG at a quality of 90 or less; " in error
    assert "--preset plain_sr_x2_small_jpeg is trained for this" in error
    assert main(["upscale", "in/c.jpg", "in/d.jpg", "in/fine.jpg", "-o", "large"]) == 0
    assert "note: 2 images were saved as JPEG" in capsys.readouterr().err
    # Where the network was chosen, where nothing is trained for it, and where nothing was made.
    for name, options in {
        "in/fine.jpg": [],
        "in/a.png": [],
        "in/d.jpg": ["--preset", str(preset)],
    }.items():
        assert main(["upscale", name, "-o", "other", *options]) == 0
    assert main(["upscale", "in/c.jpg", "-o", "three", "--scale", "3"]) == 0
    assert main(["upscale", "in/c.jpg", "-o", "1.png"]) == 0
    assert capsys.readouterr().err == ""


def test_a_keras_file_and_a_preset_of_it_agree(images, preset, capsys):
    model = str(preset.parent / "student.keras")
    assert main(["upscale", "in/a.png", "-o", "1.png", "--model", model, "--scale", "2"]) == 0
    assert main(["upscale", "in/a*", "-o", "2.png", "--preset", str(preset)]) == 0
    assert (images / "1.png").read_bytes() == (images / "2.png").read_bytes()
    assert "1 image written to 1.png" in capsys.readouterr().out


def test_a_broken_file_is_named_and_the_code_is_one(images, preset, capsys):
    (images / "in" / "broken.png").write_bytes(b"no image")
    assert main(["upscale", "in", "-o", "large", "--preset", str(preset)]) == 1
    captured = capsys.readouterr()
    assert captured.out == "2 images written to large; 1 failed\n"
    assert captured.err.startswith("keras-pisr: error: in/broken.png: ")
    assert captured.err.count("\n") == 1


def test_a_video_is_enlarged_beside_an_image(images, preset, capsys):
    av = pytest.importorskip("av")
    with av.open("clip.mp4", "w") as file:
        track = file.add_stream("libx264", rate=25)
        track.width, track.height, track.pix_fmt = 16, 12, "yuv420p"
        for _ in range(3):
            file.mux(track.encode(av.VideoFrame.from_ndarray(np.zeros((12, 16, 3), "uint8"))))
        file.mux(track.encode(None))
    command = ["--preset", str(preset), "-o"]
    assert main(["upscale", "clip.mp4", *command, "large.mp4", "--crf", "30"]) == 0
    assert capsys.readouterr().out == "1 video written to large.mp4\n"
    with av.open("large.mp4") as file:
        assert [(f.width, f.height) for f in file.decode(video=0)] == [(32, 24)] * 3
    assert main(["upscale", "clip.mp4", "in/a.png", *command, "large"]) == 0
    assert capsys.readouterr().out == "2 files written to large\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.png"], "no file or folder gone.png"),
        (["in", "--preset", "a", "--model", "b.keras"], "either --preset or --model"),
        (["in", "--preset", "nothing"], "got nothing"),
        (["in", "--scale", "7"], "no preset for scale 7"),
        (["in", "--model", "bicubic"], "preset, a .keras file or a .tflite file"),
    ],
)
def test_user_errors_are_one_line_and_code_two(images, capsys, arguments, message):
    assert main(["upscale", *arguments, "-o", "large"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and message in captured.err
    assert not (images / "large").exists()


def test_a_factor_that_is_not_the_models_is_refused(images, preset, capsys):
    command = ["upscale", "in", "-o", "large", "--preset", str(preset), "--scale", "3"]
    assert main(command) == 2
    assert "enlarges by 2, not by 3" in capsys.readouterr().err


def test_the_preset_that_knows_drawings_is_chosen_then_the_one_with_a_teacher(monkeypatch):
    names = {"b_x5": 5, "b_x5_mixed": 5, "a_x5_pisr": 5, "a_x6": 6, "a_x6_pisr": 6, "a_x7": 7}
    for name, scale in names.items():
        monkeypatch.setitem(CATALOG, name, {"class": "FSRCNN", "scale": scale})
    assert [choose_preset(scale) for scale in (5, 6, 7)] == ["b_x5_mixed", "a_x6_pisr", "a_x7"]


def test_the_recommended_preset_goes_before_all_others(monkeypatch):
    for name, status in {"b_x5": RECOMMENDED, "b_x5_mixed": FOR_TABLES}.items():
        entry = {"class": "FSRCNN", "scale": 5, "status": status}
        monkeypatch.setitem(CATALOG, name, entry)
    assert choose_preset(5) == "b_x5"


def test_evaluate_takes_a_preset(images, preset, capsys):
    assert main(["evaluate", str(preset), "in", "--scale", "2", "--limit", "1"]) == 0
    assert "mine on in, x2" in capsys.readouterr().out


def test_an_unknown_preset_is_met_with_near_names(images, monkeypatch, capsys):
    monkeypatch.setitem(CATALOG, "fsrcnn_x5_test", {"class": "FSRCNN", "scale": 5})
    assert main(["evaluate", "fsrcnn_x5_tset", "in", "--scale", "5"]) == 2
    assert "Did you mean fsrcnn_x5_test" in capsys.readouterr().err


def test_help_imports_no_backend_and_teaches_by_example():
    code = (
        "import sys\nfrom keras_pisr.cli.main import main\n"
        "try:\n    main(['upscale', '--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(str({'tensorflow', 'keras', 'jax', 'torch'} & sys.modules.keys() or ''))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.stderr.strip() == "", result.stderr
    assert "keras-pisr upscale photo.jpg -o large.jpg" in result.stdout
    assert "-o OUT" in result.stdout


def test_subfolders_and_other_files_are_said_and_taken_where_asked(images, preset, capsys):
    (images / "in" / "sub").mkdir()
    Image.new("RGB", (8, 6)).save(images / "in" / "sub" / "c.png")
    (images / "in" / "notes.txt").touch()
    command = ["upscale", "in", "-o", "large", "--preset", str(preset)]
    assert main(command) == 0
    assert capsys.readouterr().err == (
        "keras-pisr: note: in: 1 files of other kinds are left out: notes.txt; "
        "1 subfolders are left out: sub. Include them with --recursive\n"
    )
    assert main([*command, "--recursive"]) == 0
    assert Image.open(images / "large" / "sub" / "c.png").size == (16, 12)


def test_a_format_that_is_not_written_is_refused_before_work(images, capsys):
    assert main(["upscale", "in/a.png", "-o", "x.bmp"]) == 2
    assert "in/a.png cannot become x.bmp; choose one of .png" in capsys.readouterr().err
    assert not (images / "x.bmp").exists()


def test_an_opaque_screenshot_becomes_a_jpeg(images, preset):
    Image.new("RGBA", (8, 6), (10, 20, 30, 255)).save("screen.png")
    assert main(["upscale", "screen.png", "-o", "x.jpg", "--preset", str(preset)]) == 0
    assert Image.open("x.jpg").mode == "RGB"


@pytest.mark.skipif(os.name != "posix", reason="longest names of POSIX file systems")
def test_the_longest_names_are_made(images, preset, capsys):
    name = "a" * 251 + ".png"
    (images / "in" / "a.png").rename(images / "in" / name)
    assert main(["upscale", "in", "-o", "large", "--preset", str(preset)]) == 0
    assert name in os.listdir("large") and capsys.readouterr().err == ""


def test_tiny_files_that_declare_much_are_named_one_by_one(images, preset, capsys):
    content = bytearray((images / "in" / "a.png").read_bytes())
    content[16:24] = struct.pack(">II", 13_000, 13_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    for number in range(60):
        (images / "in" / f"bomb{number}.png").write_bytes(content)
    assert main(["upscale", "in", "-o", "large", "--preset", str(preset)]) == 1
    captured = capsys.readouterr()
    assert captured.out == "2 images written to large; 60 failed\n"
    assert captured.err.count("bytes cannot hold") == 60


def test_whatever_a_decoder_raises_costs_one_file(images, preset, capsys, monkeypatch):
    def fail(image):
        if image.size == (24, 22):
            raise SystemError("tile cannot extend outside image")
        return load(image)

    load = ImageFile.ImageFile.load
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    assert main(["upscale", "in", "-o", "large", "--preset", str(preset)]) == 1
    captured = capsys.readouterr()
    assert captured.out == "1 image written to large; 1 failed\n" and "in/a.png" in captured.err


def test_hidden_files_of_a_killed_run_are_removed(images, preset):
    (images / "large").mkdir()
    (images / "large" / ".a-0123456789abcdef.png").write_bytes(b"half")
    (images / "large" / ".mine.png").write_bytes(b"mine")
    assert main(["upscale", "in", "-o", "large", "--preset", str(preset)]) == 0
    assert sorted(os.listdir("large")) == [".mine.png", "a.png", "b.jpg"]
