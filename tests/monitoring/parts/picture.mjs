// Draws a dashboard of Grafana's from its file and from what Prometheus told, in Chromium: picture.mjs DASHBOARD TOLD PICTURE.
// Layout, titles, units and legends are the file's; Grafana itself has no part in it. Fails where a panel stays empty.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../tools/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const part = (path) => readFileSync(path, 'utf8');
const uplot = require.resolve('uplot');
const [dashboard, told] = process.argv.slice(2, 4).map((file) => JSON.parse(part(file)));

const STYLE = `
  body { margin: 0; padding: 12px; width: 1576px; background: #f4f5f5; font: 12px/1.4 'DejaVu Sans', sans-serif; color: #24292e; }
  main { display: grid; grid-template-columns: repeat(24, 1fr); grid-auto-rows: 26px; gap: 8px; }
  section { background: #fff; border: 1px solid #dcdfe3; border-radius: 3px; padding: 6px 10px; display: flex; flex-direction: column; overflow: hidden; }
  h2 { font-size: 13px; font-weight: 600; margin: 0 0 4px; }
  .plot { flex: 1; min-height: 0; }
  .legend { line-height: 1.5; max-height: 3em; overflow: hidden; }
  .legend span { margin-right: 10px; white-space: nowrap; }
  .legend i { display: inline-block; width: 12px; height: 4px; margin-right: 4px; vertical-align: middle; border-radius: 2px; }
  .bar { display: grid; grid-template-columns: 90px 1fr 70px; align-items: center; gap: 8px; flex: 1; }
  .bar b { height: 60%; background: linear-gradient(90deg, #b7dfb9, #56a64b); border-radius: 2px; }
  .bar em, td + td { text-align: right; font-style: normal; }
  .stats { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; flex: 1; gap: 6px; }
  .stats.many { grid-auto-flow: row; grid-template-columns: 1fr 1fr; }
  .stats div { display: flex; flex-direction: column; justify-content: center; }
  .stats strong { font-size: 20px; font-weight: 500; color: #37872d; }
  .stats.many strong { font-size: 15px; }
  table { width: 100%; border-collapse: collapse; }
  td, th { text-align: left; padding: 4px 2px; border-bottom: 1px solid #e6e8eb; }
`;

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });
try {
  const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
  await page.setContent(`<!doctype html><style>${part(require.resolve('uplot/dist/uPlot.min.css'))}${STYLE}</style><main></main>`);
  await page.addScriptTag({ content: part(uplot.replace(/uPlot\.cjs\.js$/, 'uPlot.iife.min.js')) });
  const empty = await page.evaluate(draw, { dashboard, told });
  if (empty.length > 0) throw new Error(`nothing is drawn in: ${empty.join(', ')}`);
  await page.screenshot({ path: process.argv[4], fullPage: true });
} finally {
  await browser.close();
}

// In the browser. Gives the titles of the panels in which there is nothing.
function draw({ dashboard, told }) {
  const COLOURS = ['#56a64b', '#f2cc0c', '#3274d9', '#ff780a', '#e02f44', '#8f3bb8', '#37872d', '#a352cc', '#1f60c4', '#c4162a', '#19730e', '#b877d9'];
  const SECONDS = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's'], [0.001, 'ms'], [0.000001, 'µs']];
  const rounded = (value) => String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
  const plain = (value) => (Math.abs(value) >= 1000 ? `${rounded(value / 1000)} K` : rounded(value));
  const units = {
    short: plain,
    cpm: (value) => `${plain(value)} cpm`,
    reqps: (value) => `${plain(value)} req/s`,
    s(value) {
      const [size, name] = SECONDS.find(([size]) => value >= size) ?? [1, 's'];
      return `${plain(value / size)} ${name}`;
    },
  };
  const kinds = { timeseries, bargauge, stat, table };

  const main = document.querySelector('main');
  const empty = [];
  for (const panel of dashboard.panels) {
    const { x, y, w, h } = panel.gridPos;
    const section = add(main, 'section');
    section.style.gridArea = `${y + 1} / ${x + 1} / span ${h} / span ${w}`;
    add(section, 'h2', panel.title);
    const { series } = told.panels.find(({ id }) => id === panel.id);
    const before = section.children.length;
    kinds[panel.type](section, panel, series);
    if (section.children.length === before || series.every(({ points }) => points.every(([, value]) => value === null))) empty.push(panel.title);
  }
  return empty;

  function add(to, name, text = '') {
    const element = to.appendChild(document.createElement(name));
    element.textContent = text;
    return element;
  }

  // The panel's own way to write a value, or that of the series with this name.
  function written(panel, name, value) {
    const { defaults, overrides } = panel.fieldConfig;
    const matches = ({ id, options }) => (id === 'byName' ? options === name : new RegExp(options.replace(/^\/|\/$/g, '')).test(name));
    const own = overrides.filter(({ matcher }) => matches(matcher)).flatMap(({ properties }) => properties);
    const of = (property) => own.find(({ id }) => id === property)?.value ?? defaults[property];
    const mapped = (of('mappings') ?? []).map(({ options }) => options[String(value)]?.text).find(Boolean);
    return mapped ?? units[of('unit')](value);
  }

  function timeseries(section, panel, series) {
    const plot = add(section, 'div');
    plot.className = 'plot';
    const legend = add(section, 'div');
    legend.className = 'legend';
    series.forEach(({ name }, at) => {
      const entry = add(legend, 'span');
      add(entry, 'i').style.background = COLOURS[at % COLOURS.length];
      entry.append(name);
    });
    const times = [...new Set(series.flatMap(({ points }) => points.map(([time]) => time)))].sort((a, b) => a - b);
    const rows = series.map(({ points }) => {
      const values = new Map(points);
      return times.map((time) => values.get(time) ?? null);
    });
    const custom = panel.fieldConfig.defaults.custom ?? {};
    const stacked = custom.stacking?.mode === 'normal';
    if (stacked) rows.forEach((row, at) => row.forEach((value, t) => { row[t] = (value ?? 0) + (at > 0 ? rows[at - 1][t] : 0); }));
    const faint = (at) => `${COLOURS[at % COLOURS.length]}55`;
    const grid = { stroke: '#eceef0', width: 1 };
    const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'UTC' });
    new window.uPlot({
      width: plot.clientWidth,
      height: plot.clientHeight,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { range: [told.from, told.to] }, y: { range: (_, least, most) => [Math.min(least, panel.fieldConfig.defaults.min ?? least), (most || 1) * 1.1] } },
      axes: [
        { grid, ticks: grid, size: 24, font: '11px sans-serif', space: 90, values: (_, splits) => splits.map((time) => clock.format(time * 1000)) },
        { grid, ticks: grid, size: 68, font: '11px sans-serif', space: 28, values: (_, splits) => splits.map((value) => written(panel, '', value)) },
      ],
      series: [{}, ...series.map((_, at) => ({
        stroke: COLOURS[at % COLOURS.length], width: 1.25, spanGaps: false, points: { show: false }, fill: stacked && at === 0 ? faint(0) : undefined,
      }))],
      bands: stacked ? series.slice(1).map((_, at) => ({ series: [at + 2, at + 1], fill: faint(at + 1) })) : [],
    }, [times, ...rows], plot);
  }

  function bargauge(section, panel, series) {
    const most = Math.max(...series.map(({ points }) => points[0][1]));
    for (const { name, points: [[, value]] } of series) {
      const bar = add(section, 'div');
      bar.className = 'bar';
      add(bar, 'span', name);
      add(bar, 'b').style.width = `${(100 * value) / most}%`;
      add(bar, 'em', written(panel, name, value));
    }
  }

  function stat(section, panel, series) {
    const stats = add(section, 'div');
    stats.className = series.length > 3 ? 'stats many' : 'stats';
    for (const { name, points: [[, value]] } of series) {
      const one = add(stats, 'div');
      add(one, 'span', name);
      add(one, 'strong', written(panel, name, value));
    }
  }

  function table(section, panel, series) {
    const rows = add(section, 'table');
    const row = (kind, cells) => {
      const line = add(rows, 'tr');
      cells.forEach((cell) => add(line, kind, cell));
    };
    row('th', [panel.targets[0].legendFormat.replace(/[{}]/g, ''), 'Value']);
    series.forEach(({ name, points: [[, value]] }) => row('td', [name, written(panel, name, value)]));
  }
}
