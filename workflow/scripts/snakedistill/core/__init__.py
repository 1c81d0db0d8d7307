"""What every package uses: errors, files, jobs, digests, lineage, fingerprints of code, types of settings."""
