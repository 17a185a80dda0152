"""The picture of a run: latency against offered load."""

import importlib
import statistics
from pathlib import Path

from tests.bench.measure import SHARES_OF_PEAK, peak
from tests.bench.report import Results
from tests.bench.subjects import Work

_STYLES = {Work.NO_OP: ":", Work.DECIDE: "--", Work.RECORD: "-"}


def draw(path: Path, results: Results) -> None:
    """Write the picture as SVG, with a panel for each of two percentiles and a line for each subject."""
    # matplotlib is installed only for drills.
    matplotlib = importlib.import_module("matplotlib")
    pyplot = importlib.import_module("matplotlib.pyplot")
    matplotlib.use("svg")
    # The same figures give the same file.
    matplotlib.rcParams["svg.hashsalt"] = "localdial"
    picture, panels = pyplot.subplots(1, 2, figsize=(12, 5), sharey=True, layout="constrained")
    families = list(dict.fromkeys(subject.family for subject in results.subjects))
    for panel, percentile in zip(panels, ("p50", "p99"), strict=True):
        for subject in results.subjects:
            rates = [peak(results.closed, subject) * share / 100 for share in SHARES_OF_PEAK]
            latencies = [
                statistics.median(
                    getattr(each[subject.name][str(share)], percentile) for each in results.open
                )
                for share in SHARES_OF_PEAK
            ]
            color = f"C{families.index(subject.family)}"
            panel.loglog(rates, latencies, _STYLES[subject.work], color=color, marker="o", label=subject.name)
        panel.set_title(percentile)
        panel.set_xlabel("offered load, calls per second")
        panel.xaxis.set_major_formatter("{x:,.0f}")
        panel.yaxis.set_major_formatter("{x:g}")
        # Between powers of ten, the labels would overlap.
        panel.xaxis.set_minor_formatter("")
        panel.yaxis.set_minor_formatter("")
        panel.grid(visible=True, which="both", alpha=0.2)
    panels[0].set_ylabel("latency, ms")
    picture.legend(*panels[0].get_legend_handles_labels(), loc="outside right")
    picture.savefig(path, metadata={"Date": None})
    pyplot.close(picture)
