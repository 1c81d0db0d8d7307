"""Shapes of the values in an ONNX network."""

import onnx


def shapes_of_values(network: onnx.ModelProto) -> dict[str, list[int]]:
    """The shape of every value between the layers of a network and of its output, by name, for one image.

    Constants are followed too: behind a matrix product on images, as ImageNet's preprocessing is one, ONNX computes
    the shape from them.
    """
    graph = onnx.shape_inference.infer_shapes(network, data_prop=True).graph
    return {
        value.name: [max(1, dim.dim_value) for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.value_info, *graph.output)
    }
