"""Makes damaged copies of intact files; the same seed gives the same copies."""

import io
import json
import tarfile

from PIL import Image

FORMATS = {
    "png": {},
    "jpg": {"format": "JPEG"},
    "webp": {},
    "tif": {"format": "TIFF"},
    "bmp": {},
    "ppm": {},
    "gif": {},
    "pgm": {"format": "PPM"},
}


def damaged(content, rng):
    """A copy of bytes with a few changed, or some left out, doubled or set to one value."""
    data = bytearray(content)
    kind = rng.integers(5)
    place = int(rng.integers(len(data)))
    length = int(rng.integers(1, max(2, len(data) // 8)))
    if kind == 0:
        for _ in range(int(rng.integers(1, 20))):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
    elif kind == 1:
        del data[place:]
    elif kind == 2:
        del data[place : place + length]
    elif kind == 3:
        data[place:place] = data[place : place + length]
    else:
        fill = int(rng.choice([0, 127, 255]))
        data[place : place + length] = bytes([fill]) * len(data[place : place + length])
    return bytes(data)


def photograph(suffix, rng, exif=None):
    """The bytes of a small image in a format."""
    size = int(rng.integers(8, 40)), int(rng.integers(8, 40))
    mode = "L" if suffix == "pgm" else "RGB"
    shape = size if mode == "L" else (*size, 3)
    image = Image.fromarray(rng.integers(0, 256, shape, "uint8"))
    buffer = io.BytesIO()
    options = dict(FORMATS[suffix])
    if exif is not None:
        options["exif"] = exif
    image.save(buffer, options.pop("format", suffix.upper()), **options)
    return buffer.getvalue()


def with_damaged_exif(suffix, rng):
    """An image in which only the EXIF block is damaged."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = int(rng.integers(1, 9)), "maker", 72.0
    exif.get_ifd(0x8769)[0x9003] = "2026:01:01 00:00:00"
    exif.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    honest = exif.tobytes()
    content = photograph(suffix, rng, exif=honest)
    body = honest.removeprefix(b"Exif\0\0")
    place = content.find(body)
    if place < 0:
        return damaged(content, rng)
    changed = bytearray(body)
    for _ in range(int(rng.integers(1, 12))):
        changed[int(rng.integers(8, len(changed)))] = int(rng.integers(256))
    return content[:place] + bytes(changed) + content[place + len(body) :]


def damaged_json(content, rng):
    """A JSON text in which a value has another type or size, or some bytes are damaged."""
    if rng.random() < 0.4:
        return damaged(content, rng)
    value = json.loads(content)
    waiting, places = [value], []
    while waiting:
        part = waiting.pop()
        keys = part.keys() if isinstance(part, dict) else range(len(part))
        for key in keys:
            places.append((part, key))
            if isinstance(part[key], (dict, list)):
                waiting.append(part[key])
    part, key = places[int(rng.integers(len(places)))]
    strange = [None, True, -1, 2**40, 1e308, "", "x" * 1000, [], {}, [[]], {"class_name": []}]
    part[key] = strange[int(rng.integers(len(strange)))]
    return json.dumps(value).encode()


def archive(rng):
    """The bytes of a tar of class folders with small images, compressed or not."""
    buffer = io.BytesIO()
    mode = "w:gz" if rng.random() < 0.5 else "w"
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name in ("a", "b"):
            for i in range(3):
                content = photograph("png", rng)
                member = tarfile.TarInfo(f"images/{name}/{i}.png")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
