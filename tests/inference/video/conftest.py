"""A network that every test of videos may use."""

import pytest

from keras_pisr.inference.network import Network


def square(luma):
    """Not linear: full range taken as studio range gives something else."""
    return (luma**2).repeat(2, axis=1).repeat(2, axis=2)


@pytest.fixture(scope="module")
def network():
    return Network(square)
