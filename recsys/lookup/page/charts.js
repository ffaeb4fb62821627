// Pictures drawn by hand: stacked bars of points, meters, and the taste as a radar. Every one has its numbers as text, too.

const SVG = "http://www.w3.org/2000/svg";

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function draw(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function picture(attributes, words, ...children) {
  return draw("svg", { role: "img", "aria-label": words, preserveAspectRatio: "none", ...attributes }, ...children);
}

/** Parts as one bar; `whole` is the width in points. */
export function stacked(parts, whole) {
  const words = parts.map(([name, points]) => `${name} ${points.toFixed(3)}`).join(", ");
  const bar = picture({ class: "bar", viewBox: "0 0 1000 10" }, words, draw("rect", { class: "back", width: 1000, height: 10, rx: 0 }));
  let from = 0;
  for (const [name, points] of parts) {
    const width = Math.max(0, points / whole * 1000);
    bar.append(draw("rect", { class: name, x: from, width, height: 10 }, draw("title", {}, `${name} ${points.toFixed(4)} points`)));
    from += width;
  }
  return bar;
}

/** One value from 0 to 1; its name is a text, or a node with the text in `words`. */
export function meter(name, value, words = name) {
  const width = Math.max(0, Math.min(1, value ?? 0)) * 100;
  const bar = picture({ viewBox: "0 0 100 10" }, `${words} ${value == null ? "unknown" : value.toFixed(2)}`,
    draw("rect", { class: "back", width: 100, height: 10 }), draw("rect", { class: "fill", width, height: 10 }));
  return make("div", { class: "meter" }, make("span", { title: words }, name), bar, make("b", {}, value == null ? "–" : value.toFixed(2)));
}

/** Values from 0 to 1 around a circle. */
export function radar(names, values) {
  const width = 450, height = 290, middle = width / 2, radius = 115;
  const point = (place, share) => {
    const angle = place / names.length * 2 * Math.PI - Math.PI / 2;
    return [middle + Math.cos(angle) * radius * share, height / 2 + Math.sin(angle) * radius * share];
  };
  const words = names.map((name, place) => `${name} ${values[place]}`).join(", ");
  const chart = picture({ class: "radar", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "xMidYMid" }, words);
  for (const share of [0.25, 0.5, 0.75, 1]) {
    chart.append(draw("polygon", { class: "ring", points: names.map((_, place) => point(place, share)).join(" ") }));
  }
  names.forEach((name, place) => {
    const [x, y] = point(place, 1), [at, high] = point(place, 1.1);
    const anchor = Math.abs(at - middle) < 12 ? "middle" : at > middle ? "start" : "end";
    chart.append(draw("line", { class: "spoke", x1: middle, y1: height / 2, x2: x, y2: y }));
    chart.append(draw("text", { x: at, y: high + 4, "text-anchor": anchor }, name.replace("_", " ")));
  });
  chart.append(draw("polygon", { class: "shape", points: names.map((_, place) => point(place, values[place])).join(" ") }));
  return chart;
}
