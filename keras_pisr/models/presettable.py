"""`from_preset`, `save_to_preset` and `presets`, as methods of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import os


class ClassProperty:
    """A property of a class, such as `FSRCNN.presets`."""

    def __init__(self, function):
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance, owner):
        return self.function(owner)


class Presettable:
    """Gives a model class methods for presets. They import `keras_pisr.presets` only when used.

    Example:
        >>> class Student(Presettable, keras.Model):  # doctest: +SKIP
        ...     pass
    """

    @ClassProperty
    def presets(cls):  # noqa: N805 - a property of the class.
        """Presets of this class that come with the package: a dict from name to catalog entry."""
        from keras_pisr.presets import CATALOG

        return {name: entry for name, entry in CATALOG.items() if entry["class"] == cls.__name__}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Self:
        """Build from `get_config()`, which holds every argument of the class."""
        return cls(**config)

    @classmethod
    def from_preset(cls, preset: str | os.PathLike[str], **kwargs: Any) -> Self:
        """Load a trained model of this class; see `keras_pisr.from_preset`.

        Args:
            preset: Name, folder or address on a hub.
            **kwargs: `load_weights=False` for random weights, `dtype` for another dtype policy,
                `max_bytes` for large files.

        Raises:
            ValueError: If the preset is of another class, or as `keras_pisr.from_preset` says.
        """
        from keras_pisr.presets import from_preset

        model = from_preset(preset, **kwargs)
        if not isinstance(model, cls):
            raise ValueError(
                f"The preset {preset} is a {type(model).__name__}, not a {cls.__name__}. Load it "
                f"with {type(model).__name__}.from_preset or keras_pisr.from_preset."
            )
        return model

    def save_to_preset(self, folder: str | os.PathLike[str], **kwargs: Any) -> None:
        """Write this model as a preset folder; see `keras_pisr.presets.save_to_preset`."""
        from keras_pisr.presets import save_to_preset

        save_to_preset(self, folder, **kwargs)
