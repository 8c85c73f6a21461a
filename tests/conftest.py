"""Fixtures every test may use."""

from pathlib import Path

import numpy as np
import pytest

# Published images that cannot be redistributed; tests that need them skip where they are absent.
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is absent: it holds benchmark images that we may not redistribute")
    return SHARED


@pytest.fixture
def rng():
    return np.random.default_rng(0)
