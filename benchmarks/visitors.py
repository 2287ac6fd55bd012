"""Measure the memory of the browser as a web page, with several visitors at once.

    python -m benchmarks.visitors [--visitors 10]

Voila serves notebook 06 as `make app` does, and gives each visitor a kernel. All open the page at
the same time, and none closes it. Memory is the proportional set size, in which what processes
share counts once; only Linux tells it, elsewhere it is the resident set, and too high.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psutil

from benchmarks.measure import ROOT, machine, save, table

PATIENCE = 600


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=10)
    options = parser.parse_args()
    server, address = serve(ZAPSIM_VISITORS=str(options.visitors))
    try:
        rows = [{"visitors": 0, "seconds": 0.0, **memory(server)}]
        for visitors in sorted({1, options.visitors}):
            new = visitors - rows[-1]["visitors"]
            start = time.perf_counter()
            with ThreadPoolExecutor(new) as pool:
                pages = list(pool.map(visit, [address] * new))
            assert all("widget-view" in page for page in pages), "a page without the browser"
            taken = time.perf_counter() - start
            rows.append({"visitors": visitors, "seconds": taken, **memory(server)})
        print(table(rows))
        save("visitors", {"machine": machine("voila", "ipywidgets"), "visitors": rows})
    finally:
        stop(server)


def stop(server):
    for process in [*server.children(recursive=True), server]:
        process.terminate()


def serve(log=subprocess.DEVNULL, options=(), **variables):
    """Start Voila on a free port; return its process and its address, once it answers.

    `log` is an open file for what it says, `variables` are of its environment.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    port = address.rpartition(":")[2]
    config = {"JUPYTER_CONFIG_DIR": tempfile.mkdtemp()}
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.app", "--no-browser", f"--port={port}", *options],
        stdout=log,
        stderr=log,
        env=os.environ | config | variables,
        cwd=ROOT,
    )
    for _ in range(PATIENCE):
        try:
            with urllib.request.urlopen(f"{address}/voila/static/voila.js", timeout=2):
                return psutil.Process(process.pid), address
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"Voila did not answer at {address}")


def visit(address):
    # Otherwise a page comes first that only browsers go on from.
    asked = urllib.request.Request(address, headers={"Sec-Fetch-Site": "none"})
    with urllib.request.urlopen(asked, timeout=PATIENCE) as page:
        return page.read().decode()


def memory(server):
    """Return megabytes of all processes together, and of a kernel on average."""
    kernels = server.children(recursive=True)
    sizes = [size(process) for process in kernels]
    mean = sum(sizes) / len(sizes) if sizes else 0.0
    return {"MB in all": size(server) + sum(sizes), "MB a kernel": mean, "kernels": len(kernels)}


def size(process):
    told = process.memory_full_info()
    return getattr(told, "pss", told.rss) / 1e6


if __name__ == "__main__":
    main()
