"""Makes the page's icon and the photograph that the page enlarges when it is opened."""

from PIL import Image, ImageDraw

from keras_pisr.data import sample_images
from keras_pisr.data.images.resize import downscale

BACKGROUND, COARSE, SMOOTH, LINE = "#12355B", "#BFD7EA", "#FFFFFF", "#FF6663"
CREDIT = "Sample: NASA's portrait of Eileen Collins (public domain), shrunk by two."


def draw_icon(path, side):
    """A disc with large pixels on the left, a smooth right side, and the divider between them.

    Args:
        path: PNG to write.
        side: Width and height, px. The drawing stays within the middle 60 %, so that a phone may
            cut the icon to any shape.
    """
    # The icon is drawn large and then shrunk, which smooths the edges.
    large = 1080
    icon = Image.new("RGB", (large, large), BACKGROUND)
    draw = ImageDraw.Draw(icon)
    middle, radius, block = large // 2, 300, 100
    for left in range(middle - radius, middle, block):
        for top in range(middle - radius, middle + radius, block):
            x, y = left + block / 2 - middle, top + block / 2 - middle
            if x * x + y * y <= radius * radius:
                draw.rectangle((left, top, left + block - 1, top + block - 1), COARSE)
    edges = (middle - radius, middle - radius, middle + radius, middle + radius)
    draw.pieslice(edges, -90, 90, SMOOTH)
    draw.rectangle((middle - 12, middle - 380, middle + 12, middle + 380), LINE)
    icon.resize((side, side), Image.Resampling.LANCZOS).save(path, "PNG", optimize=True)


def write_sample(path):
    """A photograph of 256 x 256 px that ships with scikit-image, as PNG.

    Raises:
        ImportError: If scikit-image is not installed.
    """
    photograph = sample_images("train")["astronaut"]
    Image.fromarray(downscale(photograph, 2)).save(path, "PNG", optimize=True)
