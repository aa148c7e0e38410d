"""What goes on over time, as SVG."""
import numpy

WIDTH, LEFT, RIGHT, TOP = 1000, 60, 20, 40
COLORS = {"lead": "#1f77b4", "latency": "#17becf", "margin": "#2ca02c", "target": "#ff7f0e",
          "ppm": "#9467bd", "device": "#1f77b4", "server": "#ff7f0e"}
# Of a scenario: names of columns, their unit, height.
PANELS = ((("lead", "latency"), "ms", 220), (("margin", "target"), "ms", 180),
          (("ppm",), "ppm", 140))


def write(path, title, series, panels=PANELS):
    """`series` has `time` in s, the columns that the panels name, and `faults`
    and `underruns`, which are marked. A column's color is that of its name's
    first word."""
    end = max([series.time[-1] if len(series.time) else 1.0, 0.1])
    top, parts = TOP, []
    for names, unit, height in panels:
        parts += _panel(series, names, unit, top, height, end)
        top += height + 40
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
        f'height="{top}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="{LEFT}" y="22" font-size="15">{title}</text>\n'
        + "\n".join(parts) + "\n</svg>\n", encoding="utf-8")


def _panel(series, names, unit, top, height, end):
    columns = {name: getattr(series, name) for name in names}
    known = numpy.concatenate([column[~numpy.isnan(column)] for column in columns.values()])
    low, high = _range(known)

    def x(seconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max(seconds / end, 0), 1)

    def y(value):
        return top + height * (high - value) / (high - low)

    parts = [f'<rect x="{x(began):.1f}" y="{top}" width="{max(x(ended) - x(began), 1):.1f}" '
             f'height="{height}" fill="#f2c4c4"/>' for began, ended in series.faults]
    for tick in _ticks(low, high, 4):
        parts.append(f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" '
                     f'text-anchor="end">{tick:g}</text>')
    for tick in _ticks(0, end, 10):
        parts.append(f'<text x="{x(tick):.1f}" y="{top + height + 15}" '
                     f'text-anchor="middle">{tick:g} s</text>')
    parts += [f'<path d="M{x(at):.1f} {top}v{height}" stroke="#d62728" stroke-dasharray="3 3"/>'
              for at in series.underruns]
    for index, (name, column) in enumerate(columns.items()):
        color = COLORS[name.partition("_")[0]]
        parts.append(f'<path d="{_line(series.time, column, x, y)}" fill="none" '
                     f'stroke="{color}" stroke-width="1.3"/>'
                     f'<text x="{LEFT + 8 + 170 * index}" y="{top + 14}" '
                     f'fill="{color}">{name} ({unit})</text>')
    parts.append(f'<rect x="{LEFT}" y="{top}" width="{WIDTH - LEFT - RIGHT}" height="{height}" '
                 'fill="none" stroke="#888"/>')
    return parts


def _line(time, column, x, y):
    """Broken where a value is not known."""
    words, pen_down = [], False
    for seconds, value in zip(time, column):
        if numpy.isnan(value):
            pen_down = False
            continue
        words.append(f"{'L' if pen_down else 'M'}{x(seconds):.1f} {y(value):.1f}")
        pen_down = True
    return "".join(words) or "M0 0"


def _range(known):
    if not len(known):
        return 0.0, 1.0
    low, high = min(0.0, float(known.min())), max(float(known.max()), 1.0)
    return low, high + (high - low) * 0.15


def _ticks(low, high, about):
    rough = (high - low) / about
    power = 10.0 ** numpy.floor(numpy.log10(rough))
    step = min((power * factor for factor in (1, 2, 5, 10)), key=lambda one: abs(one - rough))
    return numpy.arange(numpy.ceil(low / step) * step, high, step)
