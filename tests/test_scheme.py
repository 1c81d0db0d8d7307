import pytest

from snakedistill import scheme
from snakedistill.networks import build_network


@pytest.mark.parametrize(
    ("backbone", "convolutions", "shape"), [("resnet18", 20, (2, 2, 512)), ("mobilenetv2", 52, (2, 2, 1280))]
)
def test_stages_hold_every_convolution_and_every_parameter(backbone, convolutions, shape):
    network = build_network("teacher", 64, backbone, dropout=0.5)
    stages = scheme.stages(network)
    assert sum(stage.convolutions for stage in stages) == convolutions
    assert sum(stage.parameters for stage in stages) == network.count_params()
    inside = [stage for stage in stages if stage.convolutions]
    assert [stage.shape[0] for stage in inside] == [32, 16, 8, 4, 2]
    assert inside[-1].shape == shape
    names = ["image, RGB", "÷ 255", *(f"stage {number}" for number in range(1, 6))]
    names += ["average\npooling", "Dropout 0.5", "Dense: logit", "sigmoid"]
    assert [stage.name for stage in stages] == names


def test_a_scheme_of_a_saved_network_is_drawn(tmp_path):
    build_network("teacher", 64, "resnet18").save(tmp_path / "teacher.keras")
    scheme.draw_scheme(tmp_path / "teacher.keras", "Run test.", [tmp_path / "teacher.svg", tmp_path / "teacher.png"])
    assert (tmp_path / "teacher.svg").read_text().startswith("<?xml")
    assert (tmp_path / "teacher.png").stat().st_size > 10_000
