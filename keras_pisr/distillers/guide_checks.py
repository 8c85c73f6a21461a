"""Checks of the networks and options of `HybridOrderDistiller`."""


def check_choices(source, schedule, student_sees):
    """Raise a `ValueError` if an option has an unknown value."""
    for name, value, known in [
        ("source", source, ("teacher", "assistant", "both")),
        ("schedule", schedule, ("sequential", "joint")),
        ("student_sees", student_sees, ("lr", "hr")),
    ]:
        if value not in known:
            raise ValueError(f"`{name}` must be one of {known}, got {value!r}.")


def check_guides(streams, needed, source, schedule):
    """Raise a `ValueError` if a guide that is needed is missing."""
    missing = [f"`{name}`" for name in needed if streams[name] is None]
    if missing:
        raise ValueError(
            f'With `source="{source}"` and `schedule="{schedule}"`, also give '
            f"{' and '.join(missing)}."
        )


def check_outputs(role, model, needed):
    """Raise a `ValueError` if a network lacks an output that the terms need."""
    output = getattr(model, "output", None) if model.built else None
    missing = sorted(needed - set(output)) if isinstance(output, dict) else sorted(needed)
    if missing:
        raise ValueError(
            f"The {role} {model.name!r} must be a functional model whose output is a dict with "
            f"{' and '.join(map(repr, missing))}. Build it as the networks of "
            "`keras_pisr.models` are, or wrap its tensors: "
            'keras.Model(inputs, {"embedding": ..., "logits": ...}).'
        )
