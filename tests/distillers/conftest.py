"""Every stage of PISR, one after the other."""

import pytest

from tests.distillers.small import STAGES


@pytest.fixture(params=STAGES.values(), ids=STAGES)
def distiller(request):
    return request.param()
