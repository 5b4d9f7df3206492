"""Charts as SVG files for documents: the picture of the page, lower, in black and white, with its own styles."""

from __future__ import annotations

import re
from typing import Any

from measurements.chart import svg

FIRST_HEIGHT, HEIGHT = 300, 220
SVG_ELEMENT = '<svg xmlns="http://www.w3.org/2000/svg"'
NO_LENGTH = re.compile(r'h0(?=[M"])')  # a dot, which readers of SVG files leave out where it is alone
# Those of static/charts.css and static/print.css, in the selectors that readers of SVG files know.
STYLES = """
text { fill: #333; font: 22px 'DejaVu Sans'; }
path { fill: none; stroke-width: 2; }
.grid { stroke: #ccc; }
.edge { stroke: #333; stroke-dasharray: 4 4; }
.usual { stroke: #333; stroke-width: 3; stroke-dasharray: 12 8; }
.band-1, .band-2 { fill: #000; fill-opacity: 0.08; }
.area-1, .area-2 { fill: #000; fill-opacity: 0.12; stroke-width: 1.5; }
.line-1, .area-1, .dot-1, .shape-1 { stroke: #000; }
.line-2, .area-2, .dot-2, .shape-2 { stroke: #555; }
.shape-1 { fill: #000; }
.shape-2 { fill: #555; }
.line-1, .line-2 { stroke-width: 5; stroke-linejoin: round; stroke-linecap: round; }
.line-2, .area-2 { stroke-dasharray: 14 8; }
.dot-1 { stroke-width: 12; stroke-linecap: round; }
.dot-2 { stroke-width: 10; stroke-linecap: square; }
.many { stroke-width: 7; }
.hollow { fill: #fff; stroke-width: 3; }
.mark { stroke: #000; stroke-width: 3; }
.day { fill: #000; }
"""


def draw_for_paper(charts: dict[str, Any], number: int) -> str:
    """Panel `number` of `serializer.serialize_charts`."""
    first = number == 0
    picture = svg.draw_panel(charts, charts["panels"][number], first=first, height=FIRST_HEIGHT if first else HEIGHT)
    head, _, drawn = NO_LENGTH.sub("h.01", picture).partition(">")
    return f"{head.replace('<svg', SVG_ELEMENT)}><style>{STYLES}</style>{drawn}"
