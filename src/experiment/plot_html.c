/* The page of plots: the points as data, and a script that draws them and answers the pointer. */
#include <math.h>

#include "experiment/html.h"
#include "experiment/plot.h"

enum { MOST_POINTS = 1000 };      /* of a series, as in TensorBoard */

static const char *const style[] = {
    "<style>\n"
    ".bar-of-plots { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: center; margin: 0 0 14px; padding: 10px 14px; position: sticky; "
    "top: 0; z-index: 2; background: var(--card); border: 1px solid var(--line); border-radius: 8px }\n"
    ".bar-of-plots label { display: inline-flex; align-items: center; gap: 6px; color: var(--soft) }\n"
    ".bar-of-plots input, .bar-of-plots select { font: inherit; color: var(--ink); accent-color: var(--bar) }\n"
    ".bar-of-plots input[type=search], .bar-of-plots select { background: var(--back); border: 1px solid var(--line); border-radius: 5px; padding: 2px 6px }\n"
    ".runs { display: flex; flex-wrap: wrap; gap: 6px; margin: 0 0 16px }\n"
    ".runs button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 2px 12px 2px 4px; cursor: pointer }\n"
    ".runs button.off { opacity: .4; text-decoration: line-through } .runs .key { margin-left: 8px }\n",
    ".plots section { position: relative } .plots section.large { grid-column: 1 / -1 } .plots h2 { cursor: zoom-in; margin-bottom: 6px } .plots .large h2 { cursor: zoom-out }\n"
    ".plots svg { touch-action: pan-y; cursor: crosshair; user-select: none } .raw { opacity: .25; stroke-width: 1.2 } .cursor { stroke: var(--soft); stroke-dasharray: 3 3 }\n"
    ".span { fill: var(--bar); fill-opacity: .15 } .tip { position: absolute; pointer-events: none; background: var(--card); border: 1px solid var(--line); border-radius: 6px; "
    "box-shadow: 0 4px 14px rgba(0, 0, 0, .18); padding: 6px 10px; font-size: 12px; font-variant-numeric: tabular-nums; white-space: nowrap; z-index: 1 }\n"
    ".tip td { padding: 0 0 0 10px; text-align: right } .tip td:first-child { padding: 0; text-align: left } .tip .key { margin: 0 6px 0 0; width: 12px }\n"
    "</style>\n" };

static const char *const body[] = {
    "<div class=\"bar-of-plots\">\n"
    "<label>smoothing <input id=\"smoothing\" type=\"range\" min=\"0\" max=\"0.99\" step=\"0.01\"><output id=\"weight\"></output></label>\n"
    "<label>along <select id=\"x\"><option value=\"step\">steps</option><option value=\"relative\">time since the start</option>"
    "<option value=\"time\">time of day</option></select></label>\n"
    "<label><input id=\"log\" type=\"checkbox\"> logarithmic</label>\n"
    "<label>tags <input id=\"tags\" type=\"search\" placeholder=\"regular expression\" size=\"16\"></label>\n"
    "</div>\n<div class=\"runs\" id=\"runs\"></div>\n<main class=\"plots\" id=\"plots\"></main>\n"
    "<noscript><p>The plots are drawn by a script of this page.</p></noscript>\n" };

/* A line each; strings of C end at 4095 bytes. */
static const char *const script[] = {
    "const colours = ['#4878d0', '#ee854a', '#6acc64', '#d65f5f', '#956cb4', '#8c613c', '#dc7ec0', '#797979'];",
    "const left = 58, right = 14, above = 8, below = 24;",
    "const page = { ...data.page, hidden: new Set(), tags: null };",
    "const names = [...new Set(data.series.map(s => s.name))];",
    "const find = id => document.getElementById(id);",
    "const colour = name => colours[names.indexOf(name) % colours.length];",
    "const escaped = text => text.replace(/[&<>\"]/g, c => `&#${c.charCodeAt(0)};`);",
    "",
    "// TensorBoard's average: without its bias towards 0; what never changes is left as it is.",
    "function smooth(values, weight) {",
    "  let last = 0, share = 1;",
    "  if (weight === 0 || values.every(v => v === values[0])) return values;",
    "  return values.map(v => {",
    "    if (!Number.isFinite(v)) return v;",
    "    last = last * weight + (1 - weight) * v;",
    "    share *= weight;",
    "    return last / (1 - share);",
    "  });",
    "}",
    "",
    "function roundStep(range, marks) {",
    "  const power = 10 ** Math.floor(Math.log10(range / marks)), rest = range / marks / power;",
    "  return power * (rest < 1.5 ? 1 : rest < 3.5 ? 2 : rest < 7.5 ? 5 : 10);",
    "}",
    "function timeStep(range, marks) {",
    "  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];",
    "  if (range / marks < 0.8) return roundStep(range, marks);",
    "  return steps.find(s => s >= range / marks * 0.8) ?? 86400 * roundStep(range / 86400, marks);",
    "}",
    "const two = n => String(n).padStart(2, '0');",
    "function number(v) {",
    "  const round = Number(v.toPrecision(8));",
    "  return Math.abs(round) >= 1e6 && Math.abs(round) < 1e15 ? `${round / 1e6}M` : String(round);",
    "}",
    "function duration(v, step = 1) {",
    "  const s = Math.round(v), m = Math.floor(s / 60), h = Math.floor(m / 60);",
    "  if (step < 1) return `${number(v)}s`;",
    "  if (step >= 86400) return `${Math.floor(h / 24)}d`;",
    "  if (step >= 60) return h ? `${h}h${m % 60 ? two(m % 60) + 'm' : ''}` : m ? `${m}m` : '0';",
    "  return h ? `${h}:${two(m % 60)}:${two(s % 60)}` : m ? `${m}:${two(s % 60)}` : `${s}s`;",
    "}",
    "const elapsed = v => v < 10 ? `${v.toFixed(1)}s` : duration(v);",
    "function clock(v, step = 1) {",
    "  const d = new Date(v * 1000);",
    "  const time = `${two(d.getHours())}:${two(d.getMinutes())}`;",
    "  return step >= 86400 ? `${two(d.getMonth() + 1)}-${two(d.getDate())}` : step >= 60 ? time : `${time}:${two(d.getSeconds())}`;",
    "}",
    "function marks(from, to, step, zone = 0) {",
    "  const list = [];",
    "  for (let i = Math.ceil((from + zone) / step - 1e-9); i * step - zone <= to + step * 1e-9 && list.length < 100; i++)",
    "    list.push(Math.abs(i * step - zone) < step / 2 ? 0 : i * step - zone);",
    "  return list;",
    "}",
    "function xMarks(r, wanted) {",
    "  const range = r[1] - r[0];",
    "  if (page.x === 'step') return marks(...r, Math.max(1, roundStep(range, wanted))).map(at => ({ at, text: number(at) }));",
    "  const step = timeStep(range, wanted);",
    "  if (page.x === 'relative') return marks(...r, step).map(at => ({ at, text: duration(at, step) }));",
    "  const seconds = Math.max(1, step), zone = -60 * new Date(r[0] * 1000).getTimezoneOffset();",
    "  return marks(...r, seconds, zone).map(at => ({ at, text: clock(at, seconds) }));",
    "}",
    "function yMarks(r, wanted) {",
    "  if (!page.log) return marks(...r, roundStep(r[1] - r[0], wanted)).map(at => ({ at, text: number(at) }));",
    "  if (r[1] - r[0] >= 1) return marks(...r, Math.max(1, Math.ceil((r[1] - r[0]) / wanted))).map(at => ({ at, text: number(10 ** at) }));",
    "  const low = 10 ** r[0], high = 10 ** r[1];",
    "  return marks(low, high, roundStep(high - low, wanted)).map(v => ({ at: Math.log10(v), text: number(v) }));",
    "}",
    "// Of what is finite, a little wider than it is; what holds one number has a range of its own.",
    "function rangeOf(values, margin) {",
    "  let least = Infinity, most = -Infinity;",
    "  for (const v of values) if (Number.isFinite(v)) { least = Math.min(least, v); most = Math.max(most, v); }",
    "  if (!(least <= most)) return [0, 1];",
    "  const half = most - least > Math.max(Math.abs(least), Math.abs(most)) * 1e-12 ? (most - least) * margin : least ? Math.abs(least) * 0.05 : 0.5;",
    "  return [least - half, most + half];",
    "}",
    "",
    "const along = s => page.x === 'step' ? s.step : page.x === 'time' ? s.wall_time : s.wall_time.map(t => t - s.start);",
    "const height = v => page.log ? (v > 0 ? Math.log10(v) : NaN) : v;",
    "function curvesOf(chart) {",
    "  return data.series.filter(s => s.tag === chart.tag && !page.hidden.has(s.name)).map(s => {",
    "    const smoothed = smooth(s.value, page.smoothing);",
    "    return { s, x: along(s), smoothed, y: smoothed.map(height), raw: s.value.map(height) };",
    "  });",
    "}",
    "",
    "// A path that begins anew after a gap; points by themselves are circles.",
    "function drawn(chart, x, y, name, raw) {",
    "  let path = '', dots = '';",
    "  const there = i => i >= 0 && i < y.length && Number.isFinite(y[i]);",
    "  for (let i = 0; i < y.length; i++) {",
    "    if (!there(i)) continue;",
    "    const at = `${chart.px(x[i]).toFixed(1)},${chart.py(y[i]).toFixed(1)}`;",
    "    path += (there(i - 1) ? 'L' : 'M') + at;",
    "    if (!there(i - 1) && !there(i + 1)) dots += `<circle cx=\"${at.split(',')[0]}\" cy=\"${at.split(',')[1]}\" r=\"3\" fill=\"${colour(name)}\"/>`;",
    "  }",
    "  return `<path class=\"plot${raw ? ' raw' : ''}\" stroke=\"${colour(name)}\" d=\"${path}\"/>${raw ? '' : dots}`;",
    "}",
    "",
    "function draw(chart) {",
    "  const box = chart.section, large = box.classList.contains('large');",
    "  const w = Math.max(260, box.clientWidth - 32), h = large ? Math.min(560, Math.max(320, w * 0.45)) : 240;",
    "  const curves = chart.curves = curvesOf(chart);",
    "  const r = chart.zoom ?? rangeOf(curves.flatMap(c => c.x), 0);",
    "  const inside = (x, i) => x[i] >= r[0] && x[i] <= r[1];",
    "  const q = rangeOf(curves.flatMap(c => [...c.y, ...(page.smoothing ? c.raw : [])].filter((v, i) => inside(c.x, i % c.x.length))), 0.04);",
    "  chart.px = v => left + (v - r[0]) / (r[1] - r[0]) * (w - left - right);",
    "  chart.py = v => h - below - (v - q[0]) / (q[1] - q[0]) * (h - above - below);",
    "  chart.at = px => r[0] + (px - left) / (w - left - right) * (r[1] - r[0]);",
    "  chart.w = w, chart.h = h;",
    "  let out = '';",
    "  for (const m of xMarks(r, (w - left - right) / 80)) {",
    "    const x = chart.px(m.at).toFixed(1);",
    "    out += `<line class=\"grid\" x1=\"${x}\" x2=\"${x}\" y1=\"${above}\" y2=\"${h - below}\"/><text x=\"${x}\" y=\"${h - 7}\" text-anchor=\"middle\">${m.text}</text>`;",
    "  }",
    "  for (const m of yMarks(q, (h - above - below) / 40)) {",
    "    const y = chart.py(m.at).toFixed(1);",
    "    out += `<line class=\"grid\" x1=\"${left}\" x2=\"${w - right}\" y1=\"${y}\" y2=\"${y}\"/><text x=\"${left - 6}\" y=\"${+y + 4}\" text-anchor=\"end\">${m.text}</text>`;",
    "  }",
    "  out += `<clipPath id=\"${chart.id}\"><rect x=\"${left}\" y=\"0\" width=\"${w - left - right}\" height=\"${h - below + 3}\"/></clipPath><g clip-path=\"url(#${chart.id})\">`;",
    "  if (page.smoothing) for (const c of curves) out += drawn(chart, c.x, c.raw, c.s.name, true);",
    "  for (const c of curves) out += drawn(chart, c.x, c.y, c.s.name, false);",
    "  chart.svg.setAttribute('viewBox', `0 0 ${w} ${h}`);",
    "  chart.svg.innerHTML = out + '</g><g class=\"over\"></g>';",
    "  chart.stale = false;",
    "}",
    "",
    "// Under the pointer: of each curve the point nearest to it.",
    "function nearest(x, value) {",
    "  let low = 0, high = x.length - 1;",
    "  while (low < high) {",
    "    const middle = (low + high) >> 1;",
    "    if (x[middle] < value) low = middle + 1; else high = middle;",
    "  }",
    "  return low > 0 && value - x[low - 1] < x[low] - value ? low - 1 : low;",
    "}",
    "const shown = v => Number.isFinite(v) ? String(Number(v.toPrecision(5))) : String(v);",
    "function point(chart, event) {",
    "  const box = chart.svg.getBoundingClientRect(), px = (event.clientX - box.left) / box.width * chart.w, value = chart.at(px);",
    "  let over = '', rows = '', head = '';",
    "  for (const c of chart.curves) {",
    "    const i = nearest(c.x, value), x = chart.px(c.x[i]);",
    "    if (x < left - 1 || x > chart.w - right + 1) continue;",
    "    if (Number.isFinite(c.y[i])) over += `<circle cx=\"${x}\" cy=\"${chart.py(c.y[i])}\" r=\"3.5\" fill=\"${colour(c.s.name)}\"/>`;",
    "    rows += `<tr><td><span class=\"key\" style=\"background:${colour(c.s.name)}\"></span>${escaped(c.s.name)}</td><td><b>${shown(c.smoothed[i])}</b></td>` +",
    "      (page.smoothing ? `<td>${shown(c.s.value[i])}</td>` : '') + `<td>${c.s.step[i]}</td><td>${elapsed(c.s.wall_time[i] - c.s.start)}</td></tr>`;",
    "  }",
    "  if (rows) head = `<tr><td></td><td>value</td>${page.smoothing ? '<td>unsmoothed</td>' : ''}<td>step</td><td>after</td></tr>`;",
    "  const at = Math.min(Math.max(px, left), chart.w - right);",
    "  over = `<line class=\"cursor\" x1=\"${at}\" x2=\"${at}\" y1=\"${above}\" y2=\"${chart.h - below}\"/>` + over;",
    "  if (chart.from !== null) over += `<rect class=\"span\" x=\"${Math.min(at, chart.from)}\" y=\"${above}\" width=\"${Math.abs(at - chart.from)}\" height=\"${chart.h - above - below}\"/>`;",
    "  chart.svg.lastElementChild.innerHTML = over;",
    "  chart.tip.hidden = !rows;",
    "  chart.tip.innerHTML = `<table>${head}${rows}</table>`;",
    "  const x = event.clientX - chart.section.getBoundingClientRect().left, width = chart.tip.offsetWidth;",
    "  chart.tip.style.left = `${Math.max(4, x + 16 + width > chart.section.clientWidth ? x - 16 - width : x + 16)}px`;",
    "  chart.tip.style.top = `${box.bottom - chart.section.getBoundingClientRect().top + 4}px`;",
    "  return at;",
    "}",
    "function leave(chart) {",
    "  chart.from = null;",
    "  chart.tip.hidden = true;",
    "  chart.svg.lastElementChild.innerHTML = '';",
    "}",
    "",
    "const charts = [...new Set(data.series.map(s => s.tag))].map((tag, i) => {",
    "  const section = document.createElement('section');",
    "  section.innerHTML = `<h2 title=\"larger or smaller\">${escaped(tag)}</h2><svg role=\"img\"><title></title><g></g></svg><div class=\"tip\" hidden></div>`;",
    "  find('plots').append(section);",
    "  const chart = { tag, section, id: `clip${i}`, svg: section.querySelector('svg'), tip: section.querySelector('.tip'), zoom: null, from: null, stale: true, seen: false };",
    "  section.querySelector('h2').onclick = () => { section.classList.toggle('large'); draw(chart); };",
    "  chart.svg.onpointermove = e => point(chart, e);",
    "  chart.svg.onpointerleave = () => leave(chart);",
    "  chart.svg.onpointerdown = e => { chart.from = point(chart, e); };",
    "  chart.svg.onpointerup = e => {     // dragged over a part: look closer at it",
    "    const from = chart.from, to = point(chart, e);",
    "    chart.from = null;",
    "    if (from === null || Math.abs(to - from) < 8) return;",
    "    chart.zoom = [chart.at(Math.min(from, to)), chart.at(Math.max(from, to))];",
    "    draw(chart);",
    "  };",
    "  chart.svg.ondblclick = () => { chart.zoom = null; draw(chart); };",
    "  return chart;",
    "});",
    "",
    "// What cannot be seen is drawn once it can.",
    "const observer = new IntersectionObserver(list => {",
    "  for (const entry of list) {",
    "    const chart = charts.find(c => c.section === entry.target);",
    "    chart.seen = entry.isIntersecting;",
    "    if (chart.seen && chart.stale) draw(chart);",
    "  }",
    "}, { rootMargin: '400px' });",
    "function drawAll() {",
    "  for (const chart of charts) {",
    "    chart.section.hidden = Boolean(page.tags && !page.tags.test(chart.tag)) || data.series.every(s => s.tag !== chart.tag || page.hidden.has(s.name));",
    "    chart.stale = true;",
    "    if (chart.seen && !chart.section.hidden) draw(chart);",
    "  }",
    "}",
    "",
    "for (const name of names) {",
    "  const button = document.createElement('button');",
    "  button.innerHTML = `<span class=\"key\" style=\"background:${colour(name)}\"></span>${escaped(name)}`;",
    "  button.onclick = () => {",
    "    page.hidden.has(name) ? page.hidden.delete(name) : page.hidden.add(name);",
    "    button.classList.toggle('off');",
    "    drawAll();",
    "  };",
    "  find('runs').append(button);",
    "}",
    "function showWeight() { find('weight').textContent = Number(page.smoothing).toFixed(2); }",
    "find('smoothing').value = page.smoothing;",
    "find('smoothing').oninput = e => { page.smoothing = Number(e.target.value); showWeight(); drawAll(); };",
    "find('x').value = page.x;",
    "find('x').onchange = e => { page.x = e.target.value; for (const c of charts) c.zoom = null; drawAll(); };",
    "find('log').checked = page.log;",
    "find('log').onchange = e => { page.log = e.target.checked; drawAll(); };",
    "find('tags').oninput = e => {",
    "  try { page.tags = e.target.value ? new RegExp(e.target.value) : null; } catch { return; }",
    "  drawAll();",
    "};",
    "showWeight();",
    "for (const chart of charts) observer.observe(chart.section);",
    "addEventListener('resize', drawAll);",
};

/* Of each stretch the least and the greatest value, so that no peak is lost, and the last point. Returns how many. */
static size_t thin(const est__series *s, size_t *point)
{
    size_t n = 0, stretches = MOST_POINTS / 2 - 1;
    if (s->count <= MOST_POINTS) {
        for (; n < s->count; n++)
            point[n] = n;
        return n;
    }
    for (size_t k = 0; k < stretches; k++) {
        size_t begin = k * (s->count - 1) / stretches, end = (k + 1) * (s->count - 1) / stretches, least = begin, most = begin;
        for (size_t i = begin; i < end; i++) {
            least = s->value[i] < s->value[least] || isnan(s->value[least]) ? i : least;
            most = s->value[i] > s->value[most] || isnan(s->value[most]) ? i : most;
        }
        point[n++] = least < most ? least : most;
        if (least != most)
            point[n++] = least < most ? most : least;
    }
    point[n++] = s->count - 1;
    return n;
}

static void put_series(const est_plot *p, const est__series *s, est__buffer *b)
{
    size_t point[MOST_POINTS];
    est__buffer name = { 0 };
    est__plot_name(p, s, &name);
    est__buffer_text(b, "{ name: ");
    est__buffer_json_string(b, name.status == EST_OK ? name.data : "", name.size);
    est__buffer_printf(b, ", start: %.3f, ...", s->start);
    est__plot_json_series(p, &s->shown, point, thin(s, point), b);
    est__buffer_text(b, " },\n");
    est__buffer_free(&name);
}

/* What a tag or a path holds does not end the script. */
static void put_data(const est_plot *p, est__buffer *b)
{
    static const char *const axes[] = { "step", "relative", "time" };
    est__buffer data = { 0 };
    for (size_t i = 0; i < p->count; i++)
        put_series(p, &p->series[i], &data);
    est__buffer_printf(b, "const data = { page: { x: '%s', smoothing: %g, log: %s }, series: [\n", axes[p->options.x], p->options.smoothing,
                       p->options.log_scale ? "true" : "false");
    for (size_t i = 0, from = 0; i <= data.size && data.status == EST_OK; i++)
        if (i == data.size || data.data[i] == '<') {
            est__buffer_bytes(b, data.data + from, i - from);
            est__buffer_text(b, i < data.size ? "\\u003c" : "");
            from = i + 1;
        }
    est__buffer_text(b, "] };\n");
    if (data.status != EST_OK)
        b->status = data.status;
    est__buffer_free(&data);
}

static void put_title(const est_plot *p, est__buffer *title)
{
    size_t runs = 0;
    est__buffer_text(title, p->series[0].shown.run);
    for (size_t i = 1; i < p->count; i++)
        runs = p->series[i].run != p->series[0].run && p->series[i].run > runs ? p->series[i].run : runs;
    if (runs)
        est__buffer_printf(title, " and others");
}

est_status est__plot_html(const est_plot *p, est__buffer *b)
{
    est__buffer title = { 0 };
    put_title(p, &title);
    est__html_begin(b, title.status == EST_OK ? title.data : "");
    est__buffer_text(b, "</h1>\n<p>Pointing shows values; dragging over a part looks closer, a double click back; a click on a title makes its plot larger.</p>\n");
    for (size_t i = 0; i < sizeof style / sizeof *style; i++)
        est__buffer_text(b, style[i]);
    for (size_t i = 0; i < sizeof body / sizeof *body; i++)
        est__buffer_text(b, body[i]);
    est__buffer_text(b, "<script>\n'use strict';\n");
    put_data(p, b);
    for (size_t i = 0; i < sizeof script / sizeof *script; i++)
        est__buffer_printf(b, "%s\n", script[i]);
    est__buffer_text(b, "</script>\n</body></html>\n");
    est__buffer_free(&title);
    return b->status == EST_OK ? EST_OK : est__fail_memory(b->size);
}
