/* What pages of HTML share: they need nothing but themselves, and follow the reader's light or dark theme. */
#include "experiment/html.h"

#include <math.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
static const char style[] =
    "</title>\n<style>\n"
    ":root { color-scheme: light dark; --ink: #1c2330; --soft: #667085; --line: #e3e6ec; --back: #f6f7f9; --card: #fff; "
    "--bar: #4878d0; --mark: #d65f5f; --warn: #b45309 }\n"
    "@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #2d3442; --back: #12151b; "
    "--card: #1b2029; --bar: #6b9bf2; --mark: #ef8a8a; --warn: #fbbf24 } }\n"
    "body { margin: 0 auto; max-width: 1240px; padding: 24px; background: var(--back); color: var(--ink); "
    "font: 14px/1.45 system-ui, sans-serif }\n"
    "h1 { font-size: 22px; margin: 0 0 4px } h2 { font-size: 16px; margin: 0; overflow-wrap: anywhere } h2.part { margin: 24px 0 12px }\n"
    "p { margin: 0 0 16px; color: var(--soft) } a { color: inherit; text-decoration: none } a:hover { text-decoration: underline }\n"
    ".wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin-bottom: 24px }\n"
    ".wide table { border-collapse: collapse; width: 100% }\n"
    ".wide th, .wide td { padding: 5px 12px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); "
    "font-variant-numeric: tabular-nums }\n"
    ".wide tr:last-child td { border: 0 } .wide th { color: var(--soft); font-weight: 600 }\n"
    ".wide th:first-child, .wide td:first-child { text-align: left; max-width: 280px; overflow: hidden; text-overflow: ellipsis }\n"
    "main { display: grid; grid-template-columns: repeat(auto-fill, minmax(360px, 1fr)); gap: 16px }\n"
    "section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; min-width: 0; break-inside: avoid }\n"
    ".type { color: var(--soft); margin: 0 0 10px } .warn { color: var(--warn) }\n"
    "svg { display: block; width: 100%; height: auto } svg text { fill: var(--soft); font-size: 11px }\n"
    ".bar { fill: var(--bar) } .bar:hover { opacity: .75 } .median { stroke: var(--mark); stroke-width: 1.5 }\n"
    "dl { display: grid; grid-template-columns: repeat(4, auto); gap: 2px 12px; margin: 10px 0 0; font-variant-numeric: tabular-nums }\n"
    "dt { color: var(--soft) } dd { margin: 0; text-align: right }\n"
    ".top { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; table-layout: fixed }\n"
    ".top td { padding: 2px 4px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }\n"
    ".top td:nth-child(2) { width: 140px } .top td:last-child { text-align: right; width: 110px }\n"
    ".plot { fill: none; stroke-width: 1.8 } .grid { stroke: var(--line) } .dots { fill: var(--bar); fill-opacity: .35 } "
    ".key { display: inline-block; width: 18px; height: 3px; vertical-align: middle; margin: 0 5px 0 12px } .note { color: var(--soft); margin: 8px 0 0 }\n"
    ".matrix { border-collapse: collapse; font-variant-numeric: tabular-nums } .matrix th { color: var(--soft); font-weight: 600; padding: 4px 8px } "
    ".matrix td { padding: 6px 10px; text-align: right; border: 1px solid var(--line) }\n"
    ".plain { table-layout: auto } .plain td:nth-child(2) { width: auto } .bars td:nth-child(2) { width: 100px } .bars td:last-child { width: 84px }\n"
    "</style></head><body>\n";

void est__html_bytes(est__buffer *b, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        switch (c) {
        case '&': est__buffer_text(b, "&amp;"); break;
        case '<': est__buffer_text(b, "&lt;"); break;
        case '>': est__buffer_text(b, "&gt;"); break;
        case '"': est__buffer_text(b, "&quot;"); break;
        default:
            if (c < ' ' || c == 127)
                est__buffer_text(b, "\xef\xbf\xbd");
            else
                est__buffer_bytes(b, &text[i], 1);
        }
    }
}

void est__html_text(est__buffer *b, const char *text)
{
    est__html_bytes(b, text, strlen(text));
}

void est__html_number(est__buffer *b, double v)
{
    if (isnan(v))
        return;
    est__buffer_printf(b, fabs(v) < 1e7 && v == floor(v) ? "%.0f" : "%.4g", v);
}

void est__html_begin(est__buffer *b, const char *title)
{
    est__buffer_text(b, head);
    est__html_text(b, title);
    est__buffer_text(b, style);
    est__buffer_text(b, "<h1>");
    est__html_text(b, title);
}
