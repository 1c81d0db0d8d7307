"""The summary in Debian's Chromium, from its file: contents, chapters, the gallery of errors, accessibility."""

import base64
from pathlib import Path

import numpy as np
import pytest
from chain import chain, sure
from PIL import Image

from snakedistill.results.figures import FIGURES
from snakedistill.results.summary.gallery import gallery
from snakedistill.results.summary.html import write_html

pytestmark = pytest.mark.browser
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
WIDE = " | ".join(f"a column with number {number}" for number in range(12))
PAGE = f"""# What was measured

> Run made-up: noise.

> **Warning**: nothing was trained.

| network | accuracy |
| --- | ---: |
| teacher | 0.5 [0.4, 0.6] |

## Training (section 3)

![training](figures/training.png)

| {WIDE} |
|{" --- |" * 12}
| {WIDE} |

## Calibration

| network |  | accuracy |
| --- | --- | ---: |
| teacher | scaled | 0.5 |

<details><summary>All numbers</summary>

| network | accuracy |
| --- | ---: |
| teacher | 0.5 |

</details>

## Findings

- `teacher` is right.
"""
EVIL = ["</script><script>alert(1)</script>", '"quoted" & <b>bold</b>']


def written(folder: Path, classes: int = 2) -> Path:
    """A page with a gallery of 60 images, of which the teacher gets 0 to 9 wrong, soft-0 5 to 24, soft-1 10 to 24."""
    (folder / "figures").mkdir()
    Image.new("RGB", (1200, 600), "white").save(folder / "figures/training.png")
    (folder / "summary.md").write_text(PAGE)
    label = np.arange(60) % classes
    number = np.arange(60)
    names = [f"{EVIL[one % 2]}.{one}.jpg" for one in number]
    wrong = {"teacher": number < 10, "soft-0": (number >= 5) & (number < 25), "soft-1": (number >= 10) & (number < 25)}
    given = {
        network: sure((label + is_wrong) % classes, 0.6 + number / 200, classes) for network, is_wrong in wrong.items()
    }
    run = chain(folder, given, label, [*EVIL, *(f"class {one}" for one in range(2, classes))], names)
    captions = {"training": (FIGURES["training"].title.format("soft"), FIGURES["training"].caption)}
    write_html(
        folder / "summary.md",
        folder / "summary.html",
        "made-up",
        captions,
        gallery(run, ["teacher", "soft-0"], [*given]),
    )
    return folder / "summary.html"


@pytest.fixture(scope="module")
def summary(tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("summary"))


@pytest.fixture
def visit(chromium):
    """Open a page from its file. Afterwards nothing may have been said in the console or asked from outside."""
    wrong, contexts = [], []

    def visit(path: Path, fragment: str = "", **options):
        contexts.append(chromium.new_context(**{"viewport": DESKTOP} | options))
        page = contexts[-1].new_page()
        address = path.as_uri()
        page.on("request", lambda request: request.url.startswith((address, "data:")) or wrong.append(request.url))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(address + fragment)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not wrong


def opened(page) -> list[str]:
    """The ids of the chapters that are open."""
    return page.evaluate("[...document.querySelectorAll('.chapter:has(> details[open])')].map(one => one.id)")


def test_contents_lead_to_chapters_and_open_them(summary, visit):
    page = visit(summary)
    assert page.title() == "made-up - What was measured"
    assert opened(page) == ["errors-image-by-image"]
    page.get_by_role("link", name="Calibration").click()
    assert opened(page) == ["errors-image-by-image", "calibration"]
    assert 0 <= page.locator("#calibration h2").bounding_box()["y"] < DESKTOP["height"]
    page.locator("#calibration > details > summary").click()
    page.get_by_role("link", name="Calibration").click()  # a second time, without a change of the address
    assert "calibration" in opened(page)
    assert page.locator("nav").bounding_box()["y"] >= 0  # it stays in view
    page.get_by_role("button", name="Open all chapters").click()
    assert opened(page) == ["errors-image-by-image", "training", "calibration", "findings"]


def test_a_link_from_elsewhere_opens_its_chapter(summary, visit):
    page = visit(summary, "#findings")
    assert opened(page) == ["errors-image-by-image", "findings"]
    assert page.get_by_role("heading", name="Findings").bounding_box()["y"] < DESKTOP["height"]


def test_on_a_phone_the_contents_are_folded_and_nothing_scrolls_sideways_but_tables(summary, visit):
    page = visit(summary, viewport=PHONE)
    assert not page.get_by_role("link", name="Calibration").is_visible()
    page.locator("nav summary").click()
    page.get_by_role("link", name="Training").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    frame = page.locator("#training .frame:has(table)")
    assert frame.evaluate("one => one.scrollWidth > one.clientWidth")
    frame.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)  # it scrolls smoothly
    assert frame.evaluate("one => one.scrollLeft") > 0
    assert page.locator("main > .frame").get_attribute("tabindex") is None  # it does not scroll


def test_paper_has_every_chapter_and_the_screen_is_as_before(summary, visit):
    page = visit(summary)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(opened(page)) == page.locator(".chapter").count()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened(page) == ["errors-image-by-image"]


def names(page) -> list[int]:
    """The numbers of the images that the gallery shows, from the dialog of each."""
    found = []
    for button in page.locator("#gallery button").all():
        button.press("Enter")
        found.append(int(page.locator("#gallery-name").inner_text().split(".")[-2]))
        page.keyboard.press("Escape")
    return found


def test_the_gallery_filters_by_keyboard_alone(summary, visit):
    page = visit(summary)
    page.get_by_role("radio", name="all (60)").focus()
    expected = {
        "teacher wrong (10)": [*range(10)],
        "soft-0 wrong (20)": [*range(5, 25)],
        "inherited (5)": [*range(5, 10)],
        "they disagree (20)": [*range(5), *range(10, 25)],
        "most confident error (25)": [*range(24, -1, -1)],
    }
    for label, images in expected.items():
        page.keyboard.press("ArrowRight")
        assert page.get_by_role("radio", name=label).is_checked()
        more = page.locator("#gallery-more")
        if more.is_visible():
            more.press("Enter")
        found = names(page)
        assert (found if "confident" in label else sorted(found)) == images
        page.get_by_role("radio", name=label).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")  # the first class, of the even images
    assert names(page) == [*range(24, -1, -2)]
    assert "Shown: 13." in page.get_by_role("status").inner_text()


def test_an_image_shows_the_answers_along_the_chain(summary, visit):
    page = visit(summary)
    page.get_by_role("radio", name="most confident error").check()
    first = page.locator("#gallery button").first
    first.press("Enter")
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_role("heading").inner_text() == f"{EVIL[0]}.24.jpg"
    assert dialog.locator("#gallery-since").inner_text() == f"Class: {EVIL[0]}. Wrong from soft-0 on."
    rows = [
        [cell.inner_text().replace("\xa0", " ") for cell in row.locator("th, td").all()]
        for row in dialog.locator("tbody tr").all()
    ]
    assert rows == [
        ["teacher", f"{EVIL[0]} ✓ right", f"{EVIL[0]} 72.0 %, {EVIL[1]} 28.0 %"],
        *([network, f"{EVIL[1]} ✗ wrong", f"{EVIL[1]} 72.0 %, {EVIL[0]} 28.0 %"] for network in ("soft-0", "soft-1")),
    ]
    page.keyboard.press("ArrowRight")
    assert dialog.get_by_role("heading").inner_text() == f"{EVIL[1]}.23.jpg"
    dialog.get_by_role("button", name="Previous").press("Enter")
    assert dialog.get_by_role("heading").inner_text() == f"{EVIL[0]}.24.jpg"
    page.keyboard.press("Escape")
    assert not dialog.is_visible() and first.evaluate("one => one === document.activeElement")


def test_the_gallery_shows_the_rest_on_demand(summary, visit):
    page = visit(summary)
    assert page.locator("#gallery button").count() == 24
    page.get_by_role("button", name="Show all 60").press("Enter")
    assert page.locator("#gallery button").count() == 60
    assert page.locator("#gallery li:nth-child(25) button").evaluate("one => one === document.activeElement")


def test_the_first_images_stand_at_the_head_too(summary, visit):
    page = visit(summary)
    strip = page.locator("#gallery-strip button")
    assert strip.count() == 8
    page.get_by_role("radio", name="most confident error").check()
    strip.nth(2).press("Enter")
    name = page.locator("#gallery-name").inner_text()
    page.keyboard.press("Escape")
    assert page.get_by_role("radio", name="all (60)").is_checked()
    page.locator("#gallery button").nth(2).press("Enter")
    assert page.locator("#gallery-name").inner_text() == name


def test_ten_classes_show_the_most_probable_three(tmp_path, visit):
    page = visit(written(tmp_path, classes=10))
    page.get_by_label("Class").select_option("class 3")
    page.locator("#gallery button").first.press("Enter")
    assert page.locator("#gallery-image tbody tr").first.inner_text().count("%") == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_finds_nothing_to_object_to(summary, visit, axe, viewport, scheme):
    page = visit(summary, viewport=viewport, color_scheme=scheme)
    everything = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
    dialog = "document.querySelector('#gallery button').click()"
    for step in ("null", everything, dialog):
        page.evaluate(step)
        page.evaluate(axe)
        violations = page.evaluate("axe.run()")["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == []


def test_it_works_in_the_frame_of_the_report(summary, visit, tmp_path):
    data = base64.b64encode(summary.read_bytes()).decode()
    report = tmp_path / "report.html"
    report.write_text(f'<iframe src="data:text/html;charset=utf8;base64,{data}" width="1200" height="800"></iframe>')
    page = visit(report)
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Findings").click()
    assert frame.get_by_role("heading", name="Findings").is_visible()
    assert frame.locator("#findings > details").get_attribute("open") is not None
    frame.locator("#gallery button").first.click()
    assert frame.get_by_role("dialog").is_visible()
