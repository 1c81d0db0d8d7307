from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.onnx_runtime_web import fetch_onnx_runtime_web

    fetch_onnx_runtime_web(files=list(snakemake.output))
