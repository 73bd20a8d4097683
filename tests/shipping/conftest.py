"""The files of the image, laid out once for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .image import Image, laid_out


@pytest.fixture(scope="package")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image's files in a folder that its processes cannot write to."""
    with laid_out(tmp_path_factory.mktemp("image") / "app", tmp_path_factory.mktemp("var")) as made:
        yield made
