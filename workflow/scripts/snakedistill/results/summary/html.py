"""The summary as one HTML file, for the report."""

import base64
import io
import re
from pathlib import Path

from markdown_it import MarkdownIt
from PIL import Image

from snakedistill.core.files import write_text

_CSS = (
    "body{font:15px/1.5 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}img{max-width:100%}"
    "table{border-collapse:collapse;margin:1rem 0;font-size:.82rem;display:block;overflow-x:auto}"
    "td,th{border:1px solid #ccc;padding:.2rem .5rem}"
    "td[style]{white-space:nowrap}"
    "th{background:#f3f3f3}tr:hover{background:#fafafa}blockquote{margin:0;padding:.1rem 1rem;background:#fff6dc;"
    "border-left:4px solid #d99a00}summary{cursor:pointer}"
)


def write_html(summary: str, html: str) -> None:
    """Write the Markdown page as one HTML file, its pictures inside.

    The report shows the page from a data URL, of which browsers based on Chromium take no more than 2 MiB; so the
    pictures become WebP, a third of the size or less.

    Args:
        summary: Markdown file; its pictures are PNG files at paths relative to it.
        html: file to write.
    """
    text = Path(summary).read_text(encoding="utf-8")
    body = MarkdownIt("commonmark").enable("table").render(text)

    def embedded(source: re.Match) -> str:
        webp = io.BytesIO()
        with Image.open(Path(summary).parent / source[1]) as picture:
            picture.convert("RGB").save(webp, "WEBP", quality=85)
        return f'src="data:image/webp;base64,{base64.b64encode(webp.getvalue()).decode()}"'

    body = re.sub(r'src="([^"]+\.png)"', embedded, body)
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Summary</title><style>{_CSS}</style>'
    write_text(f"{head}<body>{body}</body></html>", html)
