"""The images for training, the held-out images and the scored images of a PISR recipe."""

import numpy as np

import keras_pisr as kp
from keras_pisr.evaluation.benchmark_folder import benchmark_pairs

MOST_HELD_OUT = 10  # Default number of held-out images; a fifth of fewer than fifty images.


def load_images(settings):
    """Pairs for training, and held-out pairs for curves and pictures, degraded as set."""
    return tuple(pairs.degraded(settings.degrade) for pairs in clean_images(settings))


def clean_images(settings):
    """The same pairs, with LR images made by bicubic."""
    scale, sources = settings.scale, []
    folders = kp.data.StreamedPairs if settings.stream else kp.data.ImagePairs.from_folder
    if settings.hr_dir:
        pairs = folders(settings.hr_dir, lr_dir=settings.lr_dir, scale=scale)
        sources.append(("--hr-dir", pairs, settings.sizes))
    if settings.jpeg_dir:
        pairs = folders(settings.jpeg_dir, scale=scale)
        sources.append(("--jpeg-dir", pairs, settings.jpeg_sizes))
    if settings.photo_dir:
        pairs = folders(settings.photo_dir, scale=scale)
        sources.append(("--photo-dir", pairs, settings.photo_sizes))
    if settings.tfds:
        name = f"{settings.tfds}/bicubic_x{scale}"
        pairs = kp.data.ImagePairs.from_tfds(name, split="train", scale=scale)
        sources.append(("--tfds", pairs, settings.sizes))
    if not sources:
        training = kp.data.ImagePairs.from_samples("train", scale=scale)
        held_out = kp.data.ImagePairs.from_samples("validation", scale=scale)
        return with_drawings(training, settings), held_out
    training, held_out = [], []
    for source, pairs, sizes in sources:
        # Images are held out before copies are made, so that no copy of a held-out image is for
        # training.
        kept, apart = pairs.split(-held_out_count(source, len(pairs), settings))
        training += [kept.resized(size) for size in sizes]
        held_out.append(apart.resized(sizes[0]))
    if settings.stream:
        held_out = [apart.in_memory() for apart in held_out]
    training = type(training[0]).join(training)
    return with_drawings(training, settings), kp.data.ImagePairs.join(held_out)


def held_out_count(source, count, settings):
    """Number of `count` images that are held out.

    Raises:
        ValueError: If no image would be left for training.
    """
    chosen = settings.validation_images
    if chosen is None:
        chosen = max(1, min(MOST_HELD_OUT, count // 5))
    if count <= chosen:
        raise ValueError(
            f"{source} has {count} image(s), of which {chosen} would be held out for the curves "
            "(--validation-images): nothing is left to train on. Give more images"
            + (", or hold out fewer." if chosen > 1 else ".")
        )
    return chosen


def with_drawings(pairs, settings):
    """The pairs, and as many drawings as the settings say.

    Half of --drawings are shrunk like photographs. The others, and all of --screens, are as a
    screen shows them: they are drawn in the pixels of the LR image, and their HR image is the same
    with larger pixels.
    """
    scale, size = pairs.scale, max(192, settings.patch_size)

    def drawn(share, **options):
        count = max(2, round(share * len(pairs))) if share else 0
        return kp.data.draw_images(count, size=size, **options)

    def on_screen(images):
        larger = [image.repeat(scale, 0).repeat(scale, 1) for image in images.values()]
        lr, names = list(images.values()), list(images)
        return kp.data.ImagePairs.from_images(larger, lr=lr, scale=scale, names=names)

    drawings = [*drawn(settings.drawings, seed=settings.seed).items()]
    shrunk, shown = dict(drawings[: len(drawings) // 2]), dict(drawings[len(drawings) // 2 :])
    # Another seed than that of --drawings, whose text and shapes these would repeat.
    screens = drawn(settings.screens, seed=settings.seed + 1, kinds=("text", "shapes"))
    parts = [pairs]
    if shrunk:
        images, names = list(shrunk.values()), list(shrunk)
        parts.append(kp.data.ImagePairs.from_images(images, scale=scale, names=names))
    parts += [on_screen(images) for images in (shown, screens) if images]
    return kp.data.ImagePairs.join(parts) if len(parts) > 1 else pairs


def validation_patches(pairs, settings, most=128):
    """At most `most` patches, spread evenly over all held-out images."""
    lr, hr = kp.data.fixed_patches(pairs, patch=settings.patch_size)
    chosen = np.linspace(0, len(lr) - 1, min(most, len(lr))).round().astype(int)
    return lr[chosen], hr[chosen]


def benchmark_folders(settings):
    """A dict from name to path of the benchmark folders to score; empty if there are none.

    Raises:
        ValueError: If a folder cannot be scored; this is checked before training.
    """
    folders = {folder.resolve().name: folder for folder in settings.test_dirs}
    if len(folders) < len(settings.test_dirs):
        raise ValueError(
            "Two of --test-dirs have the same name; the table needs a different name for each."
        )
    for folder in folders.values():
        benchmark_pairs(folder, scale=settings.scale)
    return folders


def held_out_folder(settings, held_out):
    """Write the images to score to the run's folder, if there are no benchmark folders.

    Returns:
        `(folders, whose)`: name to path, and name to a description of the images: those held out of
        the user's images or, without such images, the test photographs of scikit-image.
    """
    folder = settings.out / "held_out"
    if settings.hr_dir or settings.jpeg_dir or settings.photo_dir or settings.tfds:
        images = {f"{i:03d}": held_out.image(i)[1] for i in range(len(held_out))}
        whose = f"{len(images)} image(s) held out of yours, never trained on"
    else:
        images = kp.data.sample_images("test")
        whose = f"{len(images)} photographs of scikit-image, never trained on"
    for name, image in images.items():
        kp.data.write_image(folder / "HR" / f"{name}.png", image)
    return {"held_out": folder}, {"held_out": whose}
