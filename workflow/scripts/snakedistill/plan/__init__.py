"""What a run does, as plain values: from a checked configuration to networks, files, words, pictures and resources.

The rules read these values and add what only Snakemake can say. Nothing here imports Snakemake.
"""
