from snakedistill.core.job import job

with job(snakemake.log[0]):
    from snakedistill.export.bundle import write_bundle

    write_bundle(
        onnx_file=snakemake.input.onnx,
        int8_file=snakemake.input.int8,
        measurements=snakemake.input.measurements,
        script=snakemake.input.script,
        decoding=snakemake.input.decoding,
        answers=snakemake.input.answers,
        card=snakemake.params.card,
        bundle=dict(snakemake.output.items()),
    )
