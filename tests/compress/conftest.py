import pytest

from l0lib import compress


@pytest.fixture(scope="session")
def raw():
    """The 5,000 digits as they stand in the package: (images, labels)."""
    return compress.data.read_embedded_digits()


@pytest.fixture(scope="session")
def digits():
    return compress.embedded_digits()


@pytest.fixture(scope="session")
def few(digits):
    """The first 256 training images as tensors: enough for a step to mean something, fast enough for every test."""
    x, y = digits.train.tensors()
    return x[:256], y[:256]
