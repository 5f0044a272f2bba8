"""The style sheet of the page, for light and dark screens and for paper."""

CSS = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1f2328; --faint: #59636e;
  --line: #d8dee4; --tint: #f6f8fa; --best: #ddf4e4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --ink: #e6e8eb; --faint: #9ba3ad;
    --line: #333a43; --tint: #1c2128; --best: #17402a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 1060px;
  background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans",
    sans-serif;
}
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 3rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p, ul { max-width: 46rem; margin: .5rem 0; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; }
.lead { font-size: 1.1rem; }
.note, figcaption, footer, .under { color: var(--faint); font-size: .875rem; }
.under { display: block; overflow-wrap: anywhere; font-weight: 400; }
code, pre {
  font: .85em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
pre {
  background: var(--tint); border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td {
  padding: .4rem 1.25rem .4rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line);
}
th:last-child, td:last-child { padding-right: .25rem; }
thead th { font-size: .875rem; font-weight: 600; color: var(--faint); vertical-align: bottom; }
tbody th { font-weight: 600; min-width: 8rem; }
thead .number { white-space: normal; }
.number { text-align: right; white-space: nowrap; }
.best { font-weight: 700; }
.best span {
  background: var(--best); border-radius: 4px; padding: .1rem .4rem; margin-right: -.4rem;
}
.chance td, .chance th { color: var(--faint); font-weight: 400; border-bottom: 0; }
.baseline td, .baseline th { color: var(--faint); font-weight: 400; }
.first td, .first th { border-top: 2px solid var(--faint); }
details { margin: .75rem 0; }
summary { cursor: pointer; font-size: .9375rem; overflow-wrap: anywhere; }
details .plot { margin-top: .5rem; }
.swatch {
  display: inline-block; width: .3em; height: 1em; margin-right: .5em; vertical-align: -.12em;
  border-radius: 1px;
}
.settings { font-size: .875rem; }
.settings td { overflow-wrap: anywhere; min-width: 7rem; max-width: 22rem; }
.settings td.number { min-width: 0; }
.settings tbody th, dt { font-weight: 400; color: var(--faint); }
dl {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .75rem 1.5rem;
  margin: .5rem 0;
}
dt, dd { font-size: .875rem; margin: 0; overflow-wrap: anywhere; }
figure { margin: .5rem 0 0; }
.plot {
  overflow-x: auto; background: #ffffff; border: 1px solid var(--line); border-radius: 6px;
  padding: .75rem;
}
.plot img { display: block; margin: 0 auto; max-width: 100%; min-width: 40rem; height: auto; }
figcaption { max-width: 46rem; margin-top: .6rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
@media (max-width: 34rem) {
  body { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.4rem; }
  th, td { padding-right: .75rem; }
  .number { white-space: normal; }
  tbody th { min-width: 7rem; }
  dl { grid-template-columns: 1fr 1fr; }
}
@media print {
  :root {
    --paper: #ffffff; --ink: #000000; --faint: #444444;
    --line: #bbbbbb; --tint: #ffffff; --best: #dddddd;
  }
  body { padding: 0; max-width: none; font-size: 10.5pt; print-color-adjust: exact; }
  h2, h3 { break-after: avoid; }
  figure, tr, dl div { break-inside: avoid; }
  .wide, .plot { overflow: visible; }
  .plot { border: 0; padding: 0; }
  .plot img { min-width: 0; max-height: 23cm; width: auto; margin: 0; }
}
"""
