"""What bench/compare found, as tables in Markdown and as a plot in SVG."""
import datetime
import html
import os
import pathlib
import platform
import re

import growth
import load
import memory
from servers import LIMIT

# Bars of servers in the order they are listed; the first is Shoal's.
COLOURS = ["#0b7285", "#e8590c", "#868e96", "#5f3dc4", "#2b8a3e", "#c2255c"]


def table(header, rows):
    """A Markdown table, the columns after the first aligned to the right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1)] + rows
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def cpu_table(results):
    """CPU a request of each server as a multiple of the limit server's, and requests a second below."""
    names = [name for name in next(iter(results.values())) if name != LIMIT]
    rows = []
    for case in load.CASES:
        if case.name not in results:
            continue
        limit = results[case.name][LIMIT]
        cells = [f"{case.title}, 50 clients", f"{limit.cpu_microseconds:.2f} us, {limit.requests_per_second:,.0f}/s"]
        for name in names:
            sample = results[case.name][name]
            ratio = sample.cpu_microseconds / limit.cpu_microseconds
            cells.append(f"{ratio:.2f} x, {sample.requests_per_second:,.0f}/s")
        rows.append(cells + [f"{case.aim} x"])
    return table(["CPU a request, requests a second", LIMIT] + names + ["aim"], rows)


def threads_table(results):
    """Two threads against one of the same server. `results` is {case: {server: (with one, with two)}}."""
    names = list(next(iter(results.values())))
    rows = []
    for case in load.THREAD_CASES:
        if case.name in results:
            pairs = [results[case.name][name] for name in names]
            ratios = [f"{two.cpu_microseconds / one.cpu_microseconds:.2f} x" for one, two in pairs]
            rows.append([f"CPU a request: {case.title}, 50 clients"] + ratios + [f"at most {case.aim} x"])
    for case in load.ONE_CLIENT_CASES:
        if case.name in results:
            pairs = [results[case.name][name] for name in names]
            ratios = [f"{two.requests_per_second / one.requests_per_second:.2f} x" for one, two in pairs]
            rows.append([f"requests a second: {case.title}"] + ratios + [f"at least {case.aim} x"])
    return table(["2 threads against 1"] + names + ["aim"], rows)


def memory_table(results):
    names = list(next(iter(results.values())))
    rows = []
    for case, sizes in results.items():
        title, aim, _ = memory.CASES[case]
        rows.append([title] + [f"{sizes[name]:.1f}" for name in names] + [str(aim)])
    return table(["resident bytes a key"] + names + ["aim"], rows)


def growth_table(results, keys):
    names = list(next(iter(results.values())))
    rows = []
    for kind, by_server in results.items():
        title = f"{keys:,} {growth.KINDS[kind][0]}"
        rows.append([f"{title}: worst GET"] + [f"{by_server[n].worst_microseconds / 1e3:.2f}" for n in names] + ["2"])
        rows.append([f"{title}: 99th percentile"] + [f"{by_server[n].p99_microseconds / 1e3:.2f}" for n in names] + [""])
        turns = [by_server[n].longest_turn_microseconds for n in names]
        rows.append([f"{title}: longest turn, as the server counts it"]
                    + ["" if turn is None else f"{turn / 1e3:.2f}" for turn in turns] + ["2"])
    return table(["milliseconds"] + names + ["aim"], rows)


def circumstances(versions, rounds):
    """Where and when the figures were taken."""
    cpu = "an unknown CPU"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    servers = ", ".join(f"{name} {version}".strip() for name, version in versions.items())
    return (f"{datetime.date.today().isoformat()}; {cpu}, {os.cpu_count()} CPUs; Linux {'.'.join(platform.release().split('.')[:2])}; "
            f"medians of {rounds} rounds; {servers}.\n")


def replace_between_markers(text, name, content):
    """The page with `content` between <!-- compare: NAME --> and <!-- /compare: NAME -->, which it must hold once."""
    pattern = re.compile(rf"(<!-- compare: {name} -->\n).*?(<!-- /compare: {name} -->)", re.DOTALL)
    replaced, count = pattern.subn(lambda found: found.group(1) + content + found.group(2), text)
    if count != 1:
        raise ValueError(f"the page holds the markers of '{name}' {count} times")
    return replaced


class Plot:
    """A bar chart in SVG: groups of bars, and the limit as a line at 1."""

    WIDTH, HEIGHT = 860, 380
    LEFT, RIGHT, TOP, BOTTOM = 52, 12, 56, 56

    def __init__(self, groups, names, highest):
        self.groups, self.names = groups, names
        self.top_value = max(2, int(highest) + 1)
        self.elements = []

    def y(self, value):
        return self.HEIGHT - self.BOTTOM - value / self.top_value * (self.HEIGHT - self.TOP - self.BOTTOM)

    def text(self, x, y, words, anchor="middle", size=12, colour="#212529"):
        self.elements.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">'
                             f'{html.escape(words)}</text>')

    def line(self, value, colour, width):
        self.elements.append(f'<line x1="{self.LEFT}" x2="{self.WIDTH - self.RIGHT}" y1="{self.y(value):.1f}" '
                             f'y2="{self.y(value):.1f}" stroke="{colour}" stroke-width="{width}"/>')

    def bar(self, x, width, value, colour):
        self.elements.append(f'<rect x="{x:.1f}" y="{self.y(value):.1f}" width="{width:.1f}" '
                             f'height="{self.y(0) - self.y(value):.1f}" fill="{colour}"/>')
        self.text(x + width / 2, self.y(value) - 4, f"{value:.1f}" if value >= 10 else f"{value:.2f}", size=10)

    def draw_frame(self):
        self.text(self.LEFT, 20, "CPU time of the server for each request, relative to a server that stores nothing",
                  anchor="start", size=14)
        x = self.LEFT
        for name, colour in zip(self.names, COLOURS):
            self.elements.append(f'<rect x="{x}" y="31" width="11" height="11" fill="{colour}"/>')
            self.text(x + 16, 41, name, anchor="start")
            x += 30 + 8 * len(name)
        for value in range(0, self.top_value + 1):
            self.line(value, "#dee2e6", 1)
            self.text(self.LEFT - 8, self.y(value) + 4, f"{value} x", anchor="end", size=11)

    def draw_groups(self):
        group_width = (self.WIDTH - self.LEFT - self.RIGHT) / len(self.groups)
        bar_width = min(40, group_width * 0.84 / len(self.names))
        for i, (title, values) in enumerate(self.groups):
            middle = self.LEFT + (i + 0.5) * group_width
            for j, value in enumerate(values):
                self.bar(middle + (j - len(values) / 2) * bar_width, bar_width - 2, value, COLOURS[j % len(COLOURS)])
            for row, words in enumerate(title.split(", ")):
                self.text(middle, self.HEIGHT - self.BOTTOM + 18 + 15 * row, words)

    def svg(self):
        self.draw_frame()
        self.draw_groups()
        self.line(1, "#212529", 1.5)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.WIDTH} {self.HEIGHT}" '
                f'width="{self.WIDTH}" height="{self.HEIGHT}" font-family="system-ui, sans-serif">\n'
                f'<rect width="{self.WIDTH}" height="{self.HEIGHT}" fill="white"/>\n'
                + "\n".join(self.elements) + "\n</svg>\n")


def cpu_plot(results):
    """The bars of cpu_table."""
    names = [name for name in next(iter(results.values())) if name != LIMIT]
    groups = []
    for case in load.CASES:
        if case.name in results:
            limit = results[case.name][LIMIT].cpu_microseconds
            groups.append((case.title, [results[case.name][name].cpu_microseconds / limit for name in names]))
    return Plot(groups, names, max(value for _, values in groups for value in values)).svg()
