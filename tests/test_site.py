"""The documentation site in Debian's Chromium: accessibility, and that it asks no other host for anything."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from test_page import served

pytestmark = pytest.mark.browser
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The folder of the site, as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    command = [Path(sys.executable).with_name("zensical"), "build", "--strict"]
    subprocess.run(command, cwd=folder, env=os.environ, check=True, capture_output=True)
    return folder / "site"


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"])
def test_axe_finds_nothing_to_object_to(site, chromium, axe, viewport, scheme):
    pages = sorted(path.parent.relative_to(site).as_posix() for path in site.rglob("index.html"))
    assert "tutorial" in pages and len(pages) > 20
    found, asked = [], set()
    with served(site) as address, chromium.new_context(viewport=viewport, color_scheme=scheme) as context:
        page = context.new_page()
        page.on("request", lambda request: asked.add(request.url))
        for name in pages:
            page.goto(f"{address}{name}/")
            page.wait_for_function("document.querySelectorAll('a[id^=__codelineno][href]').length == 0")
            page.evaluate(axe)
            for one in page.evaluate("axe.run()")["violations"]:
                found += [(name, one["id"], node["html"][:200]) for node in one["nodes"]]
    assert found == []
    assert [url for url in asked if not url.startswith(address)] == []
