"""Every page in four variants looks as its picture in `baseline/` says; a changed picture is a line in a review."""

from __future__ import annotations

import pictures
import pytest
from PIL import Image
from playwright.sync_api import Browser

pytestmark = pytest.mark.xdist_group("browser")


def test_every_page_looks_as_it_did(browser: Browser, site_url: str):
    changed = []
    for page in pictures.pages():
        for name, shot in pictures.photographs(browser, site_url, page):
            kept = pictures.BASELINE / name
            apart = pictures.difference(Image.open(kept), shot) if kept.is_file() else 1.0
            if apart > pictures.TOLERANCE:
                changed.append(f"{name} ({apart:.1%})")
    assert not changed, (
        f"looks different: {', '.join(changed)}. If it is meant, run `python tests/browser/pictures.py` and look at "
        "the pictures before you commit them"
    )


def test_no_picture_is_of_a_page_that_is_gone_and_all_fit_in_three_megabytes(site_url: str):
    wanted = {pictures.name_of(page, *variant) for page in pictures.pages() for variant in pictures.VARIANTS}
    kept = {path.name: path.stat().st_size for path in pictures.BASELINE.glob("*.png")}
    assert set(kept) == wanted
    assert sum(kept.values()) <= pictures.MAX_BYTES


@pytest.mark.parametrize(
    ("change", "seen"),
    [((0, 0, 0, 0), False), ((40, 40, 80, 80), True), ((0, 0, 320, 6), False), ((0, 0, 320, 40), True)],
)
def test_a_changed_block_is_seen_and_a_changed_hair_is_not(change: tuple[int, int, int, int], seen: bool):
    before = Image.new("RGB", (320, 480), "white")
    after = before.copy()
    if change[2:] == (320, 6):
        after.paste((250, 250, 250), change)
    else:
        after.paste((200, 30, 30), change)
    assert (pictures.difference(before, after) > pictures.TOLERANCE) == seen


def test_another_height_is_another_look():
    assert pictures.difference(Image.new("RGB", (320, 480)), Image.new("RGB", (320, 520))) == 1.0
