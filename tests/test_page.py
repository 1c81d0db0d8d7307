"""The page that classifies in the browser, in Debian's Chromium."""

import contextlib
import functools
import http.server
import io
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import TINY, copy_project, snakemake
from PIL import Image

from snakedistill.data.decoding import decode, resized
from snakedistill.data.sample import draw_animal
from snakedistill.export.inference import open_network, outputs

pytestmark = pytest.mark.browser
PHONE, DESKTOP = {"width": 320, "height": 800}, {"width": 1280, "height": 900}
TOLERANCE = 1e-3
LARGEST = 15_000_000  # bytes of the page without its networks
LIMIT = "The image has {} pixels. At most 50 million, and 16384 on a side, are decoded: make it smaller."


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A copy of the project in which the page of the tiny experiment was made, whose teacher tells images apart."""
    folder = tmp_path_factory.mktemp("page")
    copy_project(folder)
    snakemake(folder, "--configfile", "tiny.yaml", "--config", "teacher={epochs: 10}", "--", "web")
    return folder / "results/tiny"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Writes nothing to standard error."""

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which the folder is served."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def visit(chromium):
    """Open the page of a folder. Afterwards nothing may have been said in the console or asked from outside."""
    wrong, stack = [], contextlib.ExitStack()

    def visit(folder: Path, expected: str | None = "Ready.", **options):
        from playwright.sync_api import expect

        address = stack.enter_context(served(folder))
        page = stack.enter_context(chromium.new_context(**options)).new_page()
        inside = (address, "blob:", "data:")
        page.on("request", lambda request: request.url.startswith(inside) or wrong.append(request.url))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        if expected is not None:
            expect(page.get_by_role("status")).to_have_text(expected, timeout=60_000)
        return page

    visit.wrong = wrong
    with stack:
        yield visit
    assert not wrong


def choose(page, files: dict[str, bytes], kind: str = "image/jpeg") -> None:
    given = [{"name": name, "mimeType": kind, "buffer": data} for name, data in files.items()]
    page.get_by_label("Choose pictures", exact=True).set_input_files(given)


def answers(page, number: int) -> dict[str, dict[str, list[float]] | str]:
    """By file, the probabilities of each network, or the sentence that refuses it; once so many are there."""
    from playwright.sync_api import expect

    expect(page.locator(".answer")).to_have_count(number, timeout=60_000)
    found = {}
    for answer in page.locator(".answer").all():
        refused = answer.locator(".refused")
        given = {one.get_attribute("data-network"): one for one in answer.locator("dd").all()}
        found[answer.locator(".file").inner_text()] = (
            refused.inner_text()
            if refused.count()
            else {network: json.loads(one.get_attribute("data-probabilities")) for network, one in given.items()}
        )
    return found


def saved(image: Image.Image, form: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    """A hundred, of all forms and orientations that are decoded."""
    drawn = [draw_animal(np.random.default_rng(number), number % 10 / 9) for number in range(80)]
    files = {f"{number}.jpg": saved(image, "JPEG", quality=55 + number // 2) for number, image in enumerate(drawn)}
    image = drawn[3]
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        files[f"turned-{orientation}.jpg"] = saved(image, "JPEG", exif=exif)
    clear = image.convert("RGBA")
    clear.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, image.width).astype(np.uint8), (image.height, 1))))
    return files | {
        "clear.png": saved(clear, "PNG"),
        "clear.webp": saved(clear, "WEBP", lossless=True),
        "clear-palette.png": saved(clear.quantize(), "PNG"),
        "clear-grey.png": saved(clear.convert("LA"), "PNG"),
        "grey.png": saved(image.convert("L"), "PNG"),
        "palette.gif": saved(image.convert("P"), "GIF"),
        "moving.gif": saved(image.convert("P"), "GIF", save_all=True, append_images=[drawn[4].convert("P")]),
        "lossy.webp": saved(image, "WEBP"),
        "plain.bmp": saved(image, "BMP"),
        "grey.jpg": saved(image.convert("L"), "JPEG"),
        "progressive.jpg": saved(image, "JPEG", progressive=True),
        "small.png": saved(image.resize((8, 9)), "PNG"),
    }


def test_it_answers_as_the_workflow_does(run, visit, pictures):
    assert len(pictures) == 100
    page = visit(run / "deploy/web")
    page.get_by_label("Ask the teacher too").check()
    choose(page, pictures)
    given = answers(page, len(pictures))
    for network in (TINY["export"]["network"], "teacher"):
        session = open_network(run / f"seed-0/onnx/{network}.int8.onnx")
        pixels = np.stack([resized(decode(data), TINY["image_size"]) for data in pictures.values()])
        expected = outputs(session, pixels)[:, 0]
        found = np.array([given[name][network] for name in pictures])
        assert np.abs(found[:, 1] - expected).max() < TOLERANCE
        assert found.sum(axis=1) == pytest.approx(1)
    assert np.ptp(expected) > 100 * TOLERANCE  # the pictures differ for the teacher


def test_what_is_no_picture_gets_a_sentence(run, visit):
    page = visit(run / "deploy/web")
    white = Image.new("RGB", (40, 30), "white")
    not_decoded = "This is not a picture that the browser decodes: choose a JPEG, PNG, GIF, WebP or BMP file."
    heif = b"\0\0\0\x18ftyp%s\0\0\0\0mif1heic" + bytes(100)
    bad = {
        "photo.heic": (
            heif.replace(b"%s", b"heic"),
            "This browser does not decode HEIC: convert the picture to JPEG or PNG.",
        ),
        "empty.jpg": (b"", "The file is empty."),
        "text.txt": (b"hello", not_decoded),
        "cut.png": (saved(white, "PNG")[:40], not_decoded),
        "thin.png": (saved(white.resize((7, 900)), "PNG"), "The image has 7 x 900 pixels, less than 8 on a side."),
        "large.png": (
            saved(Image.new("1", (10_000, 10_000)), "PNG"),
            LIMIT.format("10000 x 10000"),
        ),
        "long.png": (
            saved(Image.new("1", (16_385, 8)), "PNG"),
            LIMIT.format("16385 x 8"),
        ),
    }
    choose(page, {name: data for name, (data, _) in bad.items()}, kind="")
    assert answers(page, len(bad)) == {name: sentence for name, (_, sentence) in bad.items()}
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><script>alert(1)</script></svg>'
    choose(page, {"drawing.svg": drawing}, "image/svg+xml")
    sentence = "This browser does not decode SVG: convert the picture to JPEG or PNG."
    assert answers(page, len(bad) + 1)["drawing.svg"] == sentence


def test_it_takes_what_is_dropped_and_what_is_pasted(run, visit, pictures):
    page = visit(run / "deploy/web")
    transfer = """([names, files]) => {
        const transfer = new DataTransfer();
        files.forEach((file, number) => transfer.items.add(new File([new Uint8Array(file)], names[number])));
        return transfer;
    }"""
    twenty = dict(list(pictures.items())[:20])
    dropped = page.evaluate_handle(transfer, [list(twenty), [list(data) for data in twenty.values()]])
    page.dispatch_event("body", "drop", {"dataTransfer": dropped})
    assert answers(page, 20).keys() == twenty.keys()
    pasted = page.evaluate_handle(transfer, [["pasted.png"], [list(pictures["clear.png"])]])
    page.evaluate("data => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data}))", pasted)
    assert "pasted.png" in answers(page, 21)
    page.dispatch_event("body", "drop", {"dataTransfer": page.evaluate_handle("new DataTransfer()")})
    assert page.get_by_role("status").inner_text().startswith("What you dropped is no file")


def test_the_keyboard_is_enough(run, visit):
    page = visit(run / "deploy/web")
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.querySelector('img')?.alt"))
    assert reached[:2] == ["files", "camera"]
    assert reached[2:7] == [*DRAWINGS, "with-teacher"]
    page.get_by_role("button", name=DRAWINGS[0], exact=True).press("Enter")
    assert answers(page, 1).keys() == {DRAWINGS[0]}


DRAWINGS = ["a drawing of a cat", "a drawing of a dog", "another drawing of a cat", "another drawing of a dog"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_it_fits_the_screen(run, visit, pictures, viewport, scheme, tmp_path):
    page = visit(run / "deploy/web", viewport=viewport, color_scheme=scheme)
    page.get_by_label("Ask the teacher too").check()
    choose(page, {"n" * 100 + ".jpg": pictures["0.jpg"], "bad.jpg": b"bad", "other.png": pictures["clear.png"]})
    answers(page, 3)
    page.get_by_text("The networks").click()
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for target in page.locator(".button, #both").all():
        assert target.bounding_box()["height"] >= 44  # CSS pixels, of a finger: WCAG 2.2, 2.5.5


def test_its_size_and_what_it_says_of_the_networks(run):
    folder = run / "deploy/web"
    sizes = {path.name: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    facts = json.loads((folder / "page.json").read_text())
    network = TINY["export"]["network"]
    assert [one["name"] for one in facts["networks"]] == [network, "teacher"]
    assert [one["file"] for one in facts["networks"]] == ["model.int8.onnx", "teacher.int8.onnx"]
    for one in facts["networks"]:
        measured = json.loads((run / f"seed-0/onnx/{one['name']}.json").read_text())
        assert one["bytes"] == sizes.pop(one["file"]) == measured["bytes"]["int8"]
        assert one["accuracy"] == measured["int8"]["accuracy_int8"]
    assert sum(sizes.values()) < LARGEST


@pytest.fixture
def of_three(run, tmp_path) -> Path:
    """The page with a network of three classes, which answers with the shares of red, green and blue."""
    folder = tmp_path / "web"
    shutil.copytree(run / "deploy/web", folder)
    side = 8
    node = onnx.helper.make_node
    graph = onnx.helper.make_graph(
        [
            node("Cast", ["image"], ["pixels"], to=onnx.TensorProto.FLOAT),
            node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2], keepdims=0),
            node("ReduceSum", ["mean", "channels"], ["sum"], keepdims=1),
            node("Div", ["mean", "sum"], ["probability"]),
        ],
        "three",
        [onnx.helper.make_tensor_value_info("image", onnx.TensorProto.UINT8, ["images", side, side, 3])],
        [onnx.helper.make_tensor_value_info("probability", onnx.TensorProto.FLOAT, ["images", 3])],
        [onnx.numpy_helper.from_array(np.array([1]), "channels")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "three.onnx")
    facts = json.loads((folder / "page.json").read_text())
    pixels = {"size": side, "fit": "squash", "resample": "nearest"}
    network = {"name": "three", "file": "three.onnx", "pixels": pixels, "bytes": 1000, "accuracy": 1}
    classes = ["<b>red</b>", "grün & co", "blue"]
    facts |= {"classes": classes, "networks": [network], "examples": []}
    (folder / "page.json").write_text(json.dumps(facts))
    return folder


def test_with_three_classes_it_names_the_runner_up(of_three, visit):
    page = visit(of_three)
    assert page.get_by_role("heading", level=1).inner_text() == "<b>red</b>, grün & co or blue?"
    assert not page.get_by_label("Ask the").count()
    assert not page.get_by_role("heading", name="Examples").is_visible()
    choose(page, {"pure.png": saved(Image.new("RGB", (50, 40), (50, 100, 250)), "PNG")})
    assert answers(page, 1)["pure.png"]["three"] == pytest.approx([0.125, 0.25, 0.625], abs=1e-6)
    assert page.locator("dd strong").inner_text() == "blue"
    assert page.locator("dd .further").inner_text().startswith("grün & co 25.0 %, ")


def test_a_network_that_cannot_be_loaded_is_named(of_three, visit):
    (of_three / "three.onnx").write_bytes(b"broken")
    page = visit(of_three, expected=None)
    page.get_by_text("The page cannot start: ").wait_for()
    visit.wrong.clear()  # ONNX Runtime has said so too
