"""A page of Markdown as one HTML file that asks for nothing from outside."""

import base64
import hashlib
import html as entities
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from PIL import Image

from snakedistill.core.errors import listed
from snakedistill.core.files import write_text
from snakedistill.results.summary.cells import SPACE

MOST_ROWS_OPEN = 12
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_HERE = Path(__file__).parent
_SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
script-src {hashes}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
{navigation}<main id="content" tabindex="-1">
{main}
</main>
{scripts}
</body>
</html>
"""


class Chapter(NamedTuple):
    """A part of the page that opens and closes.

    Attributes:
        heading: HTML of the heading, a line.
        body: HTML.
        id: what a link to it ends with.
    """

    heading: str
    body: str
    id: str


class Extra(NamedTuple):
    """A chapter that is not in the Markdown, which stands first.

    Attributes:
        heading: text of the heading.
        body: HTML.
        script: JavaScript.
    """

    heading: str
    body: str
    script: str


def write_html(
    summary: str,
    html: str,
    run: str = "",
    captions: Mapping[str, tuple[str, str]] | None = None,
    extra: Extra | None = None,
) -> None:
    """Write a page of Markdown as one HTML file, its pictures inside.

    What stands before the first heading of level 2 is always seen. Each of these headings begins a chapter that opens,
    the first of which is open. Long tables are folded, wide ones scroll in their own frame.

    The report shows the page from a data URL, of which browsers based on Chromium take no more than 2 MiB; so the
    pictures become WebP, a third of the size or less.

    Args:
        summary: Markdown file; its pictures are PNG files at paths relative to it.
        html: file to write.
        run: name of the run, for the title of the window.
        captions: title and caption of pictures, by file name without suffix; a picture without them keeps the words of
            the Markdown.
        extra: a chapter that is not in the Markdown.
    """
    page = _Page(Path(summary).parent, captions or {})
    tokens = _MARKDOWN.parse(Path(summary).read_text(encoding="utf-8"))
    begin = [number for number, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"]
    title = next((token.content for token in tokens if token.type == "inline"), "")
    head = page.body(tokens[: begin[0] if begin else None], title)
    chapters = []
    if extra is not None:
        chapters.append(Chapter(entities.escape(extra.heading), extra.body, page.new_id(extra.heading)))
    for start, end in itertools.pairwise([*begin, len(tokens)]):
        name = tokens[start + 1].content
        heading = page.rendered(tokens[start + 1 : start + 2])
        chapters.append(Chapter(heading, page.body(tokens[start + 3 : end], name), page.new_id(name)))
    scripts = [_asset("page.js"), *([extra.script] if extra else [])]
    text = _SHELL.format(
        title=entities.escape(f"{run} - {title}" if run else title),
        style=_asset("page.css"),
        navigation=_contents(chapters) if chapters else "",
        main=head + "\n".join(_opening(chapter, not number) for number, chapter in enumerate(chapters)),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
        hashes=" ".join(f"'sha256-{_base64(hashlib.sha256(script.encode()).digest())}'" for script in scripts),
    )
    write_text(text, html)


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _contents(chapters: Sequence[Chapter]) -> str:
    items = "\n".join(f'<li><a href="#{chapter.id}">{chapter.heading}</a></li>' for chapter in chapters)
    return (
        '<nav aria-label="Contents"><details><summary>Contents</summary>\n'
        f'<ol>\n<li><a href="#content">Start</a></li>\n{items}\n</ol>\n'
        '<button type="button" id="open-all" hidden>Open all chapters</button>\n</details></nav>\n'
    )


def _opening(chapter: Chapter, is_open: bool) -> str:
    return (
        f'<section class="chapter" id="{chapter.id}"><details{" open" if is_open else ""}>'
        f"<summary><h2>{chapter.heading}</h2></summary>\n{chapter.body}</details></section>"
    )


class _Page:
    """Renders parts of a page.

    Args:
        folder: to which the paths of pictures are relative.
        captions: see `write_html`.
    """

    def __init__(self, folder: Path, captions: Mapping[str, tuple[str, str]]) -> None:
        self._folder, self._captions = folder, captions
        self._ids: set[str] = {"content"}

    def new_id(self, text: str) -> str:
        """An id that the page does not have yet, from the words of a heading; what is in parentheses may change."""
        words = re.sub(r"\W+", "-", re.sub(r"\(.*\)", "", text).lower()).strip("-") or "part"
        found, number = words, 1
        while found in self._ids:
            number += 1
            found = f"{words}-{number}"
        self._ids.add(found)
        return found

    def rendered(self, tokens: Sequence[Token]) -> str:
        """HTML of tokens as they are."""
        return _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})

    def body(self, tokens: Sequence[Token], about: str) -> str:
        """HTML of a chapter; `about` is its heading, which names a table that stands in no details of its own."""
        folds: list[str] = []
        parts = []
        for block in _blocks(tokens):
            first = block[0]
            if first.type == "html_block":
                opened = re.search(r"<details>\s*<summary>(.*?)</summary>", first.content)
                folds += [re.sub(r"<[^>]+>", "", opened[1])] if opened else []
                del folds[len(folds) - first.content.count("</details>") :]
            if first.type == "table_open":
                parts.append(self._table(block, folds[-1] if folds else about, fold=not folds))
            else:
                parts.append(self._other(block))
        return "".join(parts)

    def _other(self, block: Sequence[Token]) -> str:
        """HTML of a block that is no table; a picture alone becomes a figure."""
        if block[0].type == "heading_open":
            block[0].attrSet("id", self.new_id(block[1].content))
        children = [child for token in block for child in token.children or ()]
        images = [child for child in children if child.type == "image"]
        captions = list(map(self._put_in, images))
        found = self.rendered(block)
        if len(children) == 1 and captions and captions[0] is not None:
            title, text = (entities.escape(words) for words in captions[0])
            found = re.sub(r"^<p>(.*)</p>$", r"\1", found.strip())
            found = (
                f'<figure><div class="frame" role="group" aria-label="{title}" tabindex="0">{found}</div><figcaption>'
                f"<details><summary>{title}: how to read it</summary><p>{text}</p></details></figcaption></figure>\n"
            )
        return found

    def _put_in(self, image: Token) -> tuple[str, str] | None:
        """Put the picture itself in place of its path, and say what is seen."""
        path = self._folder / str(image.attrs["src"])
        with Image.open(path) as picture:
            width, height = picture.size
            image.attrs |= {"src": f"data:image/webp;base64,{_base64(_as_webp(picture))}"}
        image.attrs |= {"width": width, "height": height}
        if path.stem not in self._captions:
            return None
        title, text = (" ".join(words.split()) for words in self._captions[path.stem])
        title = title[0].upper() + title[1:]
        image.children = [Token("text", "", 0, content=f"{title}. {re.split(r'(?<=[.]) ', text)[0]}")]
        return title, text

    def _table(self, block: Sequence[Token], about: str, fold: bool) -> str:
        """A table in a frame that scrolls, with a caption for those who do not see it, folded where it is long."""
        heads = [token.content for before, token in itertools.pairwise(block) if before.type == "th_open"]
        heads = [re.sub(r"[*`\\]", "", head) for head in heads if head]
        rows = -1  # that of the head
        for number, token in enumerate(block):
            rows += token.type == "tr_open"
            if token.type == "th_open" and block[number + 1].content:
                token.attrSet("scope", "col")
            elif token.type == "th_open":
                token.tag = block[number + 2].tag = "td"  # a cell is three tokens
            if token.type == "td_open" and block[number - 1].type == "tr_open":
                token.attrSet("scope", "row")
                token.tag = block[number + 2].tag = "th"
            for text in token.children or ():
                # On a phone an interval stands below its number.
                text.content = text.content.replace(f"{SPACE}[", " [")
        name = entities.escape(f"{about}, {rows} row{'s' if rows > 1 else ''}: {listed(heads)}")
        table = self.rendered(block).replace("<table>", f"<table><caption>{name}</caption>", 1)
        frame = f'<div class="frame" role="group" aria-label="{name}" tabindex="0">{table}</div>\n'
        long = fold and rows > MOST_ROWS_OPEN
        return f"<details><summary>{name}</summary>\n{frame}</details>\n" if long else frame


def _blocks(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The blocks of the highest level, such as a paragraph or a table."""
    start = depth = 0
    for number, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            yield tokens[start : number + 1]
            start = number + 1


def _as_webp(picture: Image.Image) -> bytes:
    """The smaller of both: without loss, which suits lines and texts, and with loss, which suits photographs."""
    found = []
    for options in ({"lossless": True}, {"quality": 85}):
        webp = io.BytesIO()
        picture.convert("RGB").save(webp, "WEBP", **options)
        found.append(webp.getvalue())
    return min(found, key=len)
