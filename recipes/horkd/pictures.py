"""Pictures of a HORKD run: the images that each method retrieves, and maps of its embeddings."""

import keras
import numpy as np

from horkd.methods import LABELS
from horkd.scores import outputs_of
from keras_pisr.atomic import atomic_path

SHOWN = ("plain", "rkd", "horkd_123")
QUERIES = 6
NEIGHBOURS = 8
MOST_CLASSES = 10


def draw(settings, scored, small):
    """Write `retrieved_METHOD.png` and `embeddings.png` for the first seed in the folder."""
    folder = next(iter(sorted(settings.out.glob("seed_*"))), None)
    models = {name: folder / f"{name}.keras" for name in SHOWN} if folder else {}
    models = {name: path for name, path in models.items() if path.exists()}
    if not models:
        return
    embeddings = {}
    for name, path in models.items():
        model = keras.saving.load_model(path)
        embeddings[name] = unit(outputs_of(model, scored, lr_size=small)["embedding"])
        draw_retrieved(embeddings[name], scored, settings.out / f"retrieved_{name}.png", name)
    draw_embeddings(embeddings, scored.labels, settings.out / "embeddings.png")


def unit(embeddings):
    """Scale each embedding to length 1."""
    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)


def figure(rows, columns, width, height):
    """A Matplotlib figure with a grid of axes, made without pyplot, so that no screen is needed."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    return made, made.subplots(rows, columns, squeeze=False)


def draw_retrieved(embeddings, data, path, name):
    """Queries of several classes and their nearest neighbours, green if of the same class."""
    classes = np.linspace(0, len(data.class_names) - 1, QUERIES).round().astype(int)
    queries = [np.flatnonzero(data.labels == label)[0] for label in np.unique(classes)]
    count = min(NEIGHBOURS, len(embeddings) - 1)
    made, grid = figure(len(queries), 1 + count, 1.1 * (1 + count), 1.2 * len(queries))
    for axes, query in zip(grid, queries, strict=True):
        similarity = embeddings @ embeddings[query]
        similarity[query] = -np.inf
        nearest = np.argsort(-similarity, kind="stable")[:count]
        for cell, index in zip(axes, [query, *nearest], strict=True):
            image = data.images[index]
            cell.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255)
            cell.set(xticks=[], yticks=[])
            right = data.labels[index] == data.labels[query]
            for side in cell.spines.values():
                color = "black" if index == query else "tab:green" if right else "tab:red"
                side.set(color=color, linewidth=3)
    grid[0][0].set_title("query", fontsize="small")
    made.suptitle(f"{LABELS[name]}: nearest of other images, seen at low resolution")
    save(made, path)


def draw_embeddings(embeddings, labels, path):
    """A map of the embeddings of some classes by t-SNE, with one panel per method."""
    from sklearn.manifold import TSNE

    chosen = labels < MOST_CLASSES
    made, grid = figure(1, len(embeddings), 4.5 * len(embeddings), 4.5)
    for axes, (name, points) in zip(grid[0], embeddings.items(), strict=True):
        perplexity = min(30, (np.count_nonzero(chosen) - 1) / 3)
        flat = TSNE(random_state=0, perplexity=perplexity).fit_transform(points[chosen])
        axes.scatter(*flat.T, c=labels[chosen], cmap="tab10", s=8)
        axes.set(title=LABELS[name], xticks=[], yticks=[])
    save(made, path)


def save(made, path):
    """Write a figure, whole or not at all."""
    with atomic_path(path) as temporary:
        made.savefig(temporary, dpi=100)
