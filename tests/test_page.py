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
            expect(page.get_by_role("status")).to_have_text(expected, timeout=240_000)
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

    expect(page.locator(".answer")).to_have_count(number, timeout=240_000)
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
    assert reached[:3] == ["files", "camera", "folder"]
    assert reached[3:8] == [*DRAWINGS, "with-teacher"]
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
    for target in page.locator(".button:visible, #both").all():
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


def of_colours(path: Path, order: list[int]) -> dict:
    """Write a network that answers with the shares of red, green and blue, in an order, and say what the page reads."""
    side = 8
    node = onnx.helper.make_node
    graph = onnx.helper.make_graph(
        [
            node("Cast", ["image"], ["pixels"], to=onnx.TensorProto.FLOAT),
            node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2], keepdims=0),
            node("ReduceSum", ["mean", "channels"], ["sum"], keepdims=1),
            node("Div", ["mean", "sum"], ["shares"]),
            node("Gather", ["shares", "order"], ["probability"], axis=1),
        ],
        "three",
        [onnx.helper.make_tensor_value_info("image", onnx.TensorProto.UINT8, ["images", side, side, 3])],
        [onnx.helper.make_tensor_value_info("probability", onnx.TensorProto.FLOAT, ["images", 3])],
        [
            onnx.numpy_helper.from_array(np.array([1]), "channels"),
            onnx.numpy_helper.from_array(np.array(order), "order"),
        ],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    pixels = {"size": side, "fit": "squash", "resample": "nearest"}
    return {"name": path.stem, "file": path.name, "pixels": pixels, "bytes": 2_500_000, "accuracy": 0.9}


def page_of_colours(run: Path, folder: Path, classes: list[str], orders: dict[str, list[int]]) -> Path:
    """The page with such networks."""
    shutil.copytree(run / "deploy/web", folder)
    facts = json.loads((folder / "page.json").read_text())
    networks = [of_colours(folder / f"{name}.onnx", order) for name, order in orders.items()]
    facts |= {"classes": classes, "networks": networks, "examples": []}
    (folder / "page.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def of_three(run, tmp_path) -> Path:
    """The page with a network of three classes."""
    return page_of_colours(run, tmp_path / "web", ["<b>red</b>", "grün & co", "blue"], {"three": [0, 1, 2]})


@pytest.fixture
def of_two(run, tmp_path) -> Path:
    """The page with a network that tells three colours, and a second one that takes red for blue and blue for red."""
    orders = {"soft-0": [0, 1, 2], "teacher": [2, 1, 0]}
    return page_of_colours(run, tmp_path / "web", ["red", "green", "blue"], orders)


def coloured(colour: tuple[int, int, int]) -> bytes:
    return saved(Image.new("RGB", (12, 9), colour), "PNG")


RED, GREEN, BLUE = (250, 20, 20), (20, 250, 20), (20, 20, 250)


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


def test_it_says_what_the_networks_learned_from_and_how_good_they_are(run, visit):
    page = visit(run / "deploy/web")
    facts = json.loads((run / "deploy/web/page.json").read_text())
    student, teacher = (f"{one['name']} answers {100 * one['accuracy']:.1f} % right" for one in facts["networks"])
    expected = f"Learned from images of archive.zip. Of the {facts['test_images']} test images of that kind "
    assert page.locator("#learned").inner_text() == f"{expected}{student}, {teacher}."
    splits = (run / "data/splits.csv").read_text()
    assert facts["test_images"] == splits.count(",test")


def written(folder: Path, pictures: dict[str, bytes]) -> Path:
    """A folder of files."""
    for name, data in pictures.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_two_networks_are_compared_on_a_folder_whose_subfolders_are_classes(of_two, visit, tmp_path):
    pictures = {f"red/{number}.png": coloured(RED) for number in range(3)}
    pictures |= {f"part/Green/{number}.png": coloured(GREEN) for number in range(4)}
    pictures |= {"red/really-green.png": coloured(GREEN), "other/5.png": coloured(BLUE), "red/text.png": b"text"}
    pictures |= {"red/notes.txt": b"text", "red/.hidden.png": coloured(RED)}
    page = visit(of_two)
    page.get_by_label("Compare on a folder").set_input_files(written(tmp_path / "photos", pictures))
    said = "8 of 9 pictures answered, of which they disagree on 3. 1 cannot be decoded. "
    page.get_by_text(f"{said}1 lie in no subfolder with the name of a class, and are skipped.").wait_for()
    assert page.get_by_role("heading", name="soft-0 against teacher on photos").is_visible()
    rows = [row.locator("td").all_inner_texts() for row in page.locator("#duel-networks tr").all()]
    assert [(name, right, size) for name, right, _, size in rows] == [
        ("soft-0", "7 (87.5 %)", "2.5"),
        ("teacher", "4 (50.0 %)", "2.5"),
    ]
    assert all(float(milliseconds) >= 0 for _, _, milliseconds, _ in rows)
    disagreements = page.locator("#disagreements .answer")
    assert sorted(disagreements.locator(".file").all_inner_texts()) == [f"red/{number}.png" for number in range(3)]
    assert disagreements.first.locator("dd .right, dd .wrong").all_inner_texts() == ["right", "wrong: red"]
    assert page.locator("#both-wrong .file").all_inner_texts() == ["red/really-green.png"]
    assert not page.get_by_role("button", name="Stop").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_object_to_while_two_networks_are_compared(of_two, visit, axe, tmp_path, scheme):
    pictures = {f"red/{number}.png": coloured(colour) for number, colour in enumerate((RED, GREEN, BLUE))}
    page = visit(of_two, viewport=PHONE, color_scheme=scheme)
    page.get_by_label("Compare on a folder").set_input_files(written(tmp_path / "photos", pictures))
    page.get_by_text("3 of 3 pictures answered").wait_for()
    page.get_by_text("The networks").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.evaluate(axe)
    violations = page.evaluate("axe.run()")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == []


def test_without_subfolders_of_classes_it_shows_where_two_networks_disagree(of_two, visit, tmp_path):
    pictures = {"1.png": coloured(GREEN), "2.png": coloured(RED), "old/3.png": coloured(BLUE)}
    page = visit(of_two)
    page.get_by_label("Compare on a folder").set_input_files(written(tmp_path / "photos", pictures))
    page.get_by_text("3 of 3 pictures answered, of which they disagree on 2.").wait_for()
    assert "who is right is not known" in page.locator("#duel-words").inner_text()
    assert [row.locator("td").nth(1).inner_text() for row in page.locator("#duel-networks tr").all()] == 2 * [
        "\N{EN DASH}"
    ]
    assert sorted(page.locator("#disagreements .file").all_inner_texts()) == ["2.png", "old/3.png"]
    assert page.locator("#disagreements .right, #disagreements .wrong").count() == 0


def test_a_thousand_pictures_leave_no_blob_and_a_bounded_page(of_three, visit):
    page = visit(of_three)
    page.evaluate("""() => {
        window.live = new Set();
        const [create, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
        URL.createObjectURL = (blob) => { const url = create.call(URL, blob); window.live.add(url); return url; };
        URL.revokeObjectURL = (url) => { window.live.delete(url); revoke.call(URL, url); };
    }""")
    picture = coloured(RED)
    choose(page, {f"{number}.png": picture for number in range(1000)}, "image/png")
    page.locator("#answers .file", has_text="999.png").wait_for(timeout=120_000)
    page.get_by_text("Ready.").wait_for()
    assert page.locator("#answers .answer").count() == 200
    assert page.evaluate("window.live.size") == 0


def test_it_opens_without_a_connection_and_says_what_it_cannot_load(of_two, chromium):
    context = chromium.new_context()
    page = context.new_page()
    with served(of_two) as address:
        page.goto(address)
        page.get_by_text("This page opens without a connection too.").wait_for(state="attached", timeout=240_000)
    page.reload()
    page.get_by_text("Ready.").wait_for(timeout=240_000)
    choose(page, {"red.png": coloured(RED)}, "image/png")
    assert answers(page, 1)["red.png"].keys() == {"soft-0"}
    page.get_by_label("Ask the teacher too").check()
    choose(page, {"blue.png": coloured(BLUE)}, "image/png")
    assert answers(page, 2)["blue.png"].startswith(
        "teacher cannot be loaded: there is no connection to this page's server"
    )
    assert page.locator("#answers .answer").count() == 2  # what was there stays
    context.close()
