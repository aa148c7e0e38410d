"""The plots of a run, as SVG."""
from pathlib import Path

import matplotlib
from matplotlib import pyplot

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "earshot", "font.size": 9})
OURS, FLOOR, OTHERS = "#1f77b4", "#bbbbbb", "#ff7f0e"
PEERS = {"direct": "straight into the sink", "earshot": "Earshot", "earshot_low":
         "Earshot\n--low-latency", "tunnel_20": "PulseAudio\ntunnel 20 ms",
         "snapcast_100": "Snapcast\n100 ms", "gstreamer_20": "GStreamer\nRTP/Opus"}


def draw(results, folder):
    """Draws what there are figures for; returns the files."""
    files = []
    for name, plot in (("peers", _peers), ("server_cost", _server_cost)):
        figure = plot(results)
        if figure:
            path = Path(folder) / f"{name}.svg"
            figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
            pyplot.close(figure)
            files.append(path)
    return files


def _peers(results):
    """Latency, processor time and bandwidth of each for the same work."""
    names = [name for name in PEERS if results.number(f"peers.{name}", "p50_ms") is not None]
    if len(names) < 2:
        return None
    panels = (("p50_ms", "latency (p50), ms"), ("cpu_percent", "processor, % of a core"),
              ("wire_kbit_s", "on the wire, kbit/s (log)"))
    figure, axes = pyplot.subplots(1, len(panels), figsize=(13, 3.6))
    for axis, (key, text) in zip(axes, panels):
        values = [results.number(f"peers.{name}", key) or 0 for name in names]
        colors = [OURS if name.startswith("earshot") else FLOOR if name == "direct" else OTHERS
                  for name in names]
        axis.barh([PEERS[name] for name in names], values, color=colors)
        axis.set_title(text, fontsize=10)
        axis.invert_yaxis()
        if key == "wire_kbit_s":
            axis.set_xscale("symlog", linthresh=10)
        for row, value in enumerate(values):
            axis.text(value, row, f" {value:.0f}" if value >= 100 else f" {value:.2g}", va="center", fontsize=8)
        axis.margins(x=0.2)
    figure.tight_layout()
    return figure


def _server_cost(results):
    """Processor time of all streams against their number, and bare gRPC's."""
    names = [name for name in results.names("streams.")
             if "_shared" not in name
             and results.text(f"streams.{name}", "saturated") is None]
    points = {}
    for name in names:
        streams, percent, bare = (results.number(f"streams.{name}", key)
                                  for key in ("streams", "ours_percent", "bare_percent"))
        if None not in (streams, percent, bare) and results.text(
                f"streams.{name}", "packet_ms") == "10":
            points[streams] = (streams * percent, streams * bare)
    if len(points) < 2:
        return None
    figure, axis = pyplot.subplots(figsize=(6.5, 3.6))
    counts = sorted(points)
    for index, (text, color) in enumerate((("Earshot", OURS), ("bare gRPC and libopus", FLOOR))):
        axis.plot(counts, [points[count][index] for count in counts], "o-", color=color, label=text)
    axis.set_xlabel("streams, packets of 10 ms")
    axis.set_ylabel("server's processor time, % of a core")
    axis.legend()
    axis.grid(alpha=0.3)
    return figure
