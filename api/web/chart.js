// A line over time, drawn in place. What has no value leaves a gap.
import { h, svg } from './dom.js';

const width = 640;
const height = 160;
const left = 48;
const bottom = 24;

// chart draws points {at, value, n} under a caption; write puts a value in words.
export function chart(caption, points, write) {
  const known = points.filter(({ value }) => value !== null && value !== undefined);
  if (known.length === 0) return h('p', { class: 'muted' }, `${caption}: no value in any step.`);
  const most = Math.max(...known.map(({ value }) => value), 1);
  const x = (i) => left + (points.length === 1 ? 0 : (i * (width - left - 8)) / (points.length - 1));
  const y = (value) => 8 + (height - bottom - 8) * (1 - value / most);
  const path = points.reduce((text, { value }, i) => {
    if (value === null || value === undefined) return text;
    const before = points[i - 1]?.value;
    return `${text}${before === null || before === undefined ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)} `;
  }, '');
  const label = (px, py, anchor, text) => svg('text', { x: px, y: py, 'text-anchor': anchor }, text);
  return h('figure', { class: 'chart' }, h('figcaption', null, caption),
    svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${caption}: ${points.length} steps, the last ${write(points.at(-1).value)}` },
      svg('line', { x1: left, y1: height - bottom, x2: width, y2: height - bottom }),
      label(left - 6, y(most) + 4, 'end', write(most)), label(left - 6, height - bottom, 'end', write(0)),
      label(left, height - 6, 'start', points[0].at.slice(0, 10)), label(width, height - 6, 'end', points.at(-1).at.slice(0, 10)),
      svg('path', { d: path }),
      points.map(({ at, value, n }, i) => value !== null && value !== undefined
        && svg('circle', { cx: x(i).toFixed(1), cy: y(value).toFixed(1), r: 3 }, svg('title', {}, `${at.slice(0, 10)}: ${write(value)}, n = ${n}`)))));
}
