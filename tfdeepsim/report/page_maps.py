"""The image under the pointer on the maps of the embeddings: data, style and script of the page."""

import base64
import hashlib
import json

from tfdeepsim.report.figures.embedding_map import SCALE, EmbeddingMap
from tfdeepsim.report.markup import Markup, tag
from tfdeepsim.report.thumbnails import thumbnails

THUMBNAILS = 450_000
"""Limit in bytes for the images under the pointer."""
_SHOWN = 128  # CSS pixels of the longer side of the image under the pointer

_HINT = (
    "Point at a map to see the image there, and where the same image lies in every other map. With "
    "the keyboard: Tab to the maps, the arrow keys to go from point to point, Escape to end."
)

MAP_CSS = """
.map { position: relative; max-width: 1000px; min-width: 40rem; margin: 0 auto; }
.plot .map img { width: 100%; min-width: 0; }
.map .ring {
  position: absolute; width: 15px; height: 15px; margin: -8px 0 0 -8px; border-radius: 50%;
  border: 2px solid #000000; box-shadow: 0 0 0 1.5px #ffffff; pointer-events: none;
}
.map .under-pointer {
  position: absolute; pointer-events: none; padding: 6px; border-radius: 6px; max-width: 14rem;
  background: #ffffff; color: #1f2328; border: 1px solid #59636e; font-size: .8125rem;
  line-height: 1.3; overflow-wrap: anywhere;
}
.map .image { image-rendering: pixelated; background-repeat: no-repeat; }
@media print { .map { min-width: 0; } .map .ring, .map .under-pointer { display: none; } }
"""

SCRIPT = """
"use strict";
for (const map of document.querySelectorAll(".map")) {
  const data = JSON.parse(map.dataset.map);
  const add = (parent, name) => {
    const element = document.createElement("div");
    element.className = name;
    return parent.appendChild(element);
  };
  const rings = data.places.map(() => add(map, "ring"));
  const box = add(map, "under-pointer"), image = add(box, "image"), text = add(box, "text");
  const scale = data.shown / Math.max(data.width, data.height);
  image.style.width = scale * data.width + "px";
  image.style.height = scale * data.height + "px";
  image.style.backgroundImage = "url(" + data.thumbnails + ")";
  image.style.backgroundSize = scale * data.columns * data.pitch[0] + "px auto";
  text.setAttribute("role", "status");
  map.tabIndex = 0;
  map.parentElement.parentElement.querySelector(".hint").hidden = false;
  let panel = 0, index = -1;
  const x = (p, i) => data.places[p][2 * i] / data.scale * map.clientWidth;
  const y = (p, i) => data.places[p][2 * i + 1] / data.scale * map.clientHeight;
  const hide = () => { index = -1; box.hidden = true; for (const r of rings) r.hidden = true; };
  const show = (p, i) => {
    [panel, index] = [p, i];
    rings.forEach((ring, other) => {
      ring.style.left = x(other, i) + "px";
      ring.style.top = y(other, i) + "px";
      ring.hidden = false;
    });
    const column = i % data.columns, row = Math.floor(i / data.columns);
    image.style.backgroundPosition =
      -scale * column * data.pitch[0] + "px " + -scale * row * data.pitch[1] + "px";
    text.textContent = data.texts[i];
    box.hidden = false;
    const onRight = x(p, i) < map.clientWidth / 2;
    box.style.left = x(p, i) + (onRight ? 16 : -16 - box.offsetWidth) + "px";
    const lowest = map.clientHeight - box.offsetHeight;
    box.style.top = Math.max(0, Math.min(lowest, y(p, i) - box.offsetHeight / 2)) + "px";
  };
  // The point with the smallest cost; points of infinite cost are never chosen.
  const best = (cost) => {
    const wide = map.clientWidth / data.scale, high = map.clientHeight / data.scale;
    let found = null, least = Infinity;
    data.places.forEach((flat, p) => {
      for (let i = 0; i < flat.length / 2; i++) {
        const c = cost(flat[2 * i] * wide, flat[2 * i + 1] * high);
        if (c < least) [found, least] = [[p, i], c];
      }
    });
    return found;
  };
  const point = (event) => {
    const frame = map.getBoundingClientRect();
    const [left, top] = [event.clientX - frame.left, event.clientY - frame.top];
    const found = best((a, b) => {
      const distance = Math.hypot(a - left, b - top);
      return distance < 20 ? distance : Infinity;
    });
    if (found) show(...found); else hide();
  };
  map.addEventListener("pointermove", point);
  map.addEventListener("pointerdown", point);
  map.addEventListener("pointerleave", hide);
  map.addEventListener("blur", hide);
  const ways = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  map.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (index < 0) return show(0, 0);
    const [left, top] = [x(panel, index), y(panel, index)];
    const found = best((a, b) => {
      const along = (a - left) * way[0] + (b - top) * way[1];
      const aside = Math.abs((a - left) * way[1]) + Math.abs((b - top) * way[0]);
      return along > 0 && aside <= along ? along + aside : Infinity;
    });
    if (found) show(...found);
  });
  hide();
}
"""


def script_policy() -> str:
    """The part of the page's policy that lets browsers run `SCRIPT` and no other script."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    return f"; script-src 'sha256-{digest}'"


def script() -> Markup:
    """The script, which stands after all maps."""
    return tag("script", Markup(SCRIPT))


def with_pointer(image: Markup, drawn: EmbeddingMap, title: str) -> Markup:
    """The picture of the maps, with what the script needs; without scripts it is a picture.

    All text is the value of an attribute or becomes text content, and is never read as HTML.

    Args:
        image: The picture, an `img` element.
        drawn: Places, labels and images of its points.
        title: What the picture is called, for screen readers.
    """
    small = thumbnails(drawn.images, THUMBNAILS)
    data = {
        "scale": SCALE,
        "shown": _SHOWN,
        "columns": small.columns,
        "width": small.width,
        "height": small.height,
        "pitch": small.pitch,
        "places": [places.ravel().tolist() for places in drawn.places],
        "texts": drawn.texts,
        "thumbnails": "data:image/jpeg;base64," + base64.b64encode(small.jpeg).decode(),
    }
    text = json.dumps(data, separators=(",", ":"))
    attributes = {"aria-label": title, "data-map": text}
    return tag("div", image, class_="map", role="group", **attributes)


def hint() -> Markup:
    """How the maps are used, which the script makes visible."""
    return tag("p", _HINT, class_="note hint", hidden="")
