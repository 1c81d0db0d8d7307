"""Memory and processor seconds of every rule, beside what it asks for: python benchmarks/memory_of_rules.py ARGUMENTS

ARGUMENTS are Snakemake's, for example --cores 2 --configfile presets/photographs.yaml --config archive=mydata. Memory
is the proportional share (PSS) of a job's processes, looked at twice a second. Finished jobs are not run again.
"""

import ast
import pickle
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil

PAUSE = 0.5
OF_JOB = re.compile(rb"pickle\.loads\((b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\")\)", re.DOTALL)


def main() -> None:
    """Run Snakemake, watch its jobs, and print a table."""
    child = subprocess.Popen([sys.executable, "-m", "snakemake", *sys.argv[1:]], stdout=sys.stderr)
    jobs: dict[str, dict] = {}
    while child.poll() is None:
        for script, process in _scripts(child.pid):
            job = jobs.get(script) or jobs.setdefault(script, _job(script) | {"mebibytes": 0.0, "seconds": 0.0})
            for measure, value in _measured(process).items():
                job[measure] = max(job[measure], value)
        time.sleep(PAUSE)
    print("| rule | jobs | asks for, MB | peak, MiB | processor seconds of the longest |\n|---|---:|---:|---:|---:|")
    for rule in dict.fromkeys(job["rule"] for job in jobs.values()):
        of_rule = [job for job in jobs.values() if job["rule"] == rule]
        most = max(of_rule, key=lambda job: job["mebibytes"] / (job["asked"] or 1))
        asked = f"{most['asked']:,}" if most["asked"] else ""
        seconds = max(job["seconds"] for job in of_rule)
        print(f"| `{rule}` | {len(of_rule)} | {asked} | {most['mebibytes']:,.0f} | {seconds:,.0f} |")
    sys.exit(child.returncode)


def _scripts(snakemake: int) -> list[tuple[str, psutil.Process]]:
    """The scripts of jobs that run now, with their processes."""
    found = []
    try:
        processes = psutil.Process(snakemake).children(recursive=True)
        for process in processes:
            scripts = [word for word in process.cmdline() if ".snakemake/scripts/" in word]
            if scripts and not any(script == scripts[-1] for script, _ in found) and Path(scripts[-1]).is_file():
                found.append((scripts[-1], process))
    except psutil.NoSuchProcess:
        pass
    return found


def _job(script: str) -> dict:
    """Rule and memory asked for, in MB, of a job; from the values that Snakemake writes into the script."""
    pickled = OF_JOB.search(Path(script).read_bytes())
    if pickled is None:
        raise ValueError(f"Expected {script} to begin with the values of a job, as Snakemake 9 writes them.")
    job = pickle.loads(ast.literal_eval(pickled[1].decode()))
    return {"rule": job.rule, "asked": job.resources.get("mem_mb")}


def _measured(process: psutil.Process) -> dict[str, float]:
    """Memory of a process and of those that it started, and their time on processors."""
    try:
        all_of_them = (process, *process.children(recursive=True))
        mebibytes = sum(one.memory_full_info().pss for one in all_of_them) / 2**20
        return {"mebibytes": mebibytes, "seconds": sum(sum(one.cpu_times()) for one in all_of_them)}
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return {}


if __name__ == "__main__":
    main()
