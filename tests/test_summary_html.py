"""The summary as one HTML file: chapters, contents, tables and pictures."""

import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from snakedistill.results.figures import FIGURES
from snakedistill.results.summary.html import MOST_ROWS_OPEN, write_html


class Elements(HTMLParser):
    """The elements of a page: tag, attributes, and the texts inside."""

    VOID = ("meta", "link", "img", "br", "hr", "input")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found, self._open = [], []
        self.feed(page)
        assert not self._open, "each element is closed"

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, **dict(attrs), "text": ""}
        self.found.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert tag in self.VOID or self._open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self._open:
            element["text"] += data

    def of(self, tag: str) -> list[dict]:
        return [element for element in self.found if element["tag"] == tag]


def table(rows: int) -> str:
    cells = [f"| n-{number} | x | 0.5 |" for number in range(rows)]
    return "\n".join(["| network |  | accuracy |", "| --- | --- | ---: |", *cells])


PAGE = f"""# What was *measured*

{table(2)}

## Training (section 3)

![training soft](figures/3-training.png)

![other](figures/other.png)

### A part

{table(MOST_ROWS_OPEN + 1)}

## A & B

<details><summary>All <b>numbers</b></summary>

{table(MOST_ROWS_OPEN + 5)}

</details>

## Training
"""


@pytest.fixture
def page(tmp_path) -> str:
    (tmp_path / "figures").mkdir()
    for name in ("3-training", "other"):
        Image.new("RGB", (30, 20), "red").save(tmp_path / f"figures/{name}.png")
    (tmp_path / "summary.md").write_text(PAGE)
    figure = FIGURES["training"]
    captions = {"3-training": (figure.title.format("<soft>"), figure.caption)}
    write_html(tmp_path / "summary.md", tmp_path / "summary.html", "mine", captions)
    return (tmp_path / "summary.html").read_text()


def test_what_a_browser_and_a_phone_need_is_there(page):
    found = Elements(page)
    assert page.startswith("<!doctype html>") and found.of("html")[0]["lang"] == "en"
    assert found.of("title")[0]["text"] == "mine - What was *measured*"
    assert any(meta.get("name") == "viewport" for meta in found.of("meta"))
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)


def test_each_heading_is_a_chapter_that_the_contents_lead_to(page):
    found = Elements(page)
    chapters = [element["id"] for element in found.of("section")]
    assert chapters == ["training", "a-b", "training-2"]
    links = {element["href"]: element["text"] for element in found.of("a")}
    assert links == {
        "#content": "Start",
        "#training": "Training (section 3)",
        "#a-b": "A & B",
        "#training-2": "Training",
    }
    assert [element["id"] for element in found.of("h3")] == ["a-part"]
    ids = [element["id"] for element in found.found if "id" in element]
    assert len(ids) == len(set(ids))
    opened = re.findall(r'<section class="chapter" id="([^"]+)"><details open>', page)
    assert opened == chapters[:1]


def test_tables_say_what_they_hold_and_long_ones_are_folded_once(page):
    found = Elements(page)
    frames = [element for element in found.of("div") if element["class"] == "frame"]
    assert {frame["tabindex"] for frame in frames} == {"0"}
    names = [
        "What was *measured*, 2 rows: network and accuracy",
        f"Training (section 3), {MOST_ROWS_OPEN + 1} rows: network and accuracy",
        f"All numbers, {MOST_ROWS_OPEN + 5} rows: network and accuracy",
    ]
    assert [caption["text"] for caption in found.of("caption")] == names
    assert [frame["aria-label"] for frame in frames] == [names[0], "Training of <soft>", *names[1:]]
    folded = [element["text"] for element in found.of("summary") if "rows" in element["text"]]
    assert folded == names[1:2]
    assert {element["scope"] for element in found.of("th")} == {"col", "row"}
    assert page.count('<thead>\n<tr>\n<th scope="col">network</th>\n<td></td>') == 3
    assert page.count('<th scope="row">n-') == 2 + MOST_ROWS_OPEN + 1 + MOST_ROWS_OPEN + 5
    assert '<td style="text-align:right">0.5</td>' in page


def test_pictures_say_what_is_seen(page):
    first, second = Elements(page).of("img")
    assert first["alt"] == "Training of <soft>. Loss and accuracy of a network by epoch."
    assert second["alt"] == "other"
    assert (first["width"], first["height"]) == ("30", "20")
    assert first["src"].startswith("data:image/webp;base64,")
    (figure,) = Elements(page).of("figure")
    assert "Training of <soft>" in figure["text"] and "The star is the best epoch" in figure["text"]


def test_a_page_without_chapters_has_no_contents(tmp_path):
    (tmp_path / "power.md").write_text("# Power\n\nA sentence.")
    write_html(tmp_path / "power.md", tmp_path / "power.html")
    found = Elements((tmp_path / "power.html").read_text())
    assert not found.of("nav") and found.of("title")[0]["text"] == "Power"
