"""Who listens is told; where nobody does, nothing happens."""

from keras_pisr.console.stages import listening, tell


def test_only_the_innermost_listener_is_told():
    outer, inner = [], []
    tell("Nobody listens")
    with listening(lambda *told: outer.append(told)):
        with listening(lambda *told: inner.append(told)):
            tell("Settling ranges", 1, 3)
        tell("Converting")
    tell("Nobody listens")
    assert inner == [("Settling ranges", 1, 3)] and outer == [("Converting", 0, None)]
