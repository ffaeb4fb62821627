// One row of a list: rank, track, reason; and, when it is opened, what speaks for the track.

import { make, meter, stacked } from "./charts.js";
import { FEATURES, MEANINGS, PARTS, SOURCES } from "./words.js";

export const heading = (track) => track?.title ?? track?.id ?? "unknown track";
const year = (track) => track.release_date?.slice(0, 4);

/** Album, year and genres, as far as they are known. */
const about = (track) => [track.album, year(track), track.genres?.slice(0, 2).join(", ")].filter(Boolean).join(" · ");

/** Where a track can be heard, the surest first; none when links are switched off. */
export function links(track) {
  if (document.documentElement.dataset.links === "off" || !track) return [];
  const found = [];
  if (track.spotify_id) found.push(["Spotify", `https://open.spotify.com/track/${encodeURIComponent(track.spotify_id)}`]);
  if (track.mbid) {
    const id = encodeURIComponent(track.mbid);
    found.push(["ListenBrainz", `https://listenbrainz.org/player/?recording_mbids=${id}`], ["MusicBrainz", `https://musicbrainz.org/recording/${id}`]);
  }
  if (!found.length && track.title) {
    const words = encodeURIComponent(`${track.artist ?? ""} ${track.title}`.trim());
    found.push(["YouTube", `https://www.youtube.com/results?search_query=${words}`]);
  }
  return found.map(([name, href]) => make("a", { href, rel: "noreferrer noopener", target: "_blank", "aria-label": `${name}: ${heading(track)}` }, name));
}

/** How a track moved since the run before: its former rank, 0 for a new one, none where nothing is known. */
function moved(rank, before) {
  if (before == null) return [];
  const [sign, words, kind] = before === 0 ? ["new", "new in this list", "new"] : before > rank ? [`▲${before - rank}`, `up from ${before}`, "up"]
    : before < rank ? [`▼${rank - before}`, `down from ${before}`, "down"] : ["=", "as before", "same"];
  return [make("span", { class: `moved ${kind}`, title: words }, make("span", { "aria-hidden": "true" }, sign), make("span", { class: "unseen" }, words))];
}

export function points({ score_breakdown: fits, points: own }) {
  const parts = PARTS.map((part) => [part, (own?.[part] ?? 0) * fits.safety]);
  return [...parts, ["promotion", fits.commercial]];
}

export function showRow(row, { whole, before, language, ask }) {
  const { track } = row, name = heading(track);
  const button = make("button", { type: "button", class: "open", "aria-expanded": "false", "aria-label": `Why ${name}` }, "Why");
  const reason = make("p", { class: "reason", lang: language }, row.reason);
  if (SOURCES[row.source] && row.source !== "cold") reason.append(make("span", { class: "tag", lang: "en" }, SOURCES[row.source]));
  const listen = links(track).slice(0, 1);
  const item = make("li", { "data-track": track?.id ?? "", id: `row-${row.rank}` },
    make("span", { class: "rank" }, String(row.rank), ...moved(row.rank, before)),
    make("div", { class: "what" },
      make("span", { class: "name" }, name, make("span", { class: "artist" }, ` · ${track?.artist ?? ""}`)),
      make("p", { class: "about" }, track ? about(track) : "", ...(listen.length ? [make("span", { class: "listen" }, listen[0])] : [])), reason),
    make("span", { class: "score" }, row.score.toFixed(1)), stacked(points(row), whole), button);
  button.addEventListener("click", () => toggle(item, button, row, ask));
  return item;
}

function toggle(item, button, row, ask) {
  const open = item.querySelector(".more");
  button.setAttribute("aria-expanded", String(!open));
  if (open) open.remove();
  else item.append(make("div", { class: "more" }, make("div", {}, evidence(row, ask), agreement(row)), sum(row)));
}

/** The listener's own tracks behind a row, each with its share of the votes. */
function evidence(row, ask) {
  const parts = [make("h3", {}, "Where the votes come from")];
  for (const own of row.because ?? []) {
    const link = make("button", { type: "button", class: "link", "data-own": own.track_id }, heading({ title: own.title, id: own.track_id }));
    link.addEventListener("click", () => ask(own.track_id));
    parts.push(meter(link, own.share, `${own.title ?? own.track_id}: share of the votes`));
  }
  if (row.because?.length) parts.push(meter("all others together", row.because_rest, "all other tracks together: share of the votes"));
  else parts.push(make("p", { class: "quiet" }, "No track of the listener's own speaks for it by votes."));
  if (row.supporters) parts.push(make("p", { class: "quiet" }, `Liked by ${row.supporters} of the closest listeners.`));
  if (row.track && links(row.track).length) parts.push(make("p", { class: "listen" }, "Listen: ", ...links(row.track).flatMap((one, at) => at ? [" · ", one] : [one])));
  return make("div", { class: "own" }, ...parts);
}

/** The score as a sum: the points of its parts, times safety, plus promotion. What adds nothing is left out. */
function sum(row) {
  const fits = row.score_breakdown, own = row.points;
  const lines = PARTS.filter((part) => own == null ? fits[part] : own[part]).map((part) => line(part, fits[part], own?.[part] ?? null));
  if (fits.safety !== 1) lines.push(line("× safety", fits.safety, null, MEANINGS.safety));
  if (fits.commercial) lines.push(line("+ promotion", null, fits.commercial, MEANINGS.promotion));
  const total = line("= score", null, row.score);
  total.className = "sum";
  const head = make("thead", {}, make("tr", {}, ...["part", "fit", "points"].map((name) => make("th", { scope: "col" }, name))));
  const away = row.rank > 1 && fits.diversity > 0 ? [make("p", { class: "quiet" }, `Differs by ${fits.diversity.toFixed(2)} from the nearest track above it (0 = the same, 1 = unrelated).`)] : [];
  return make("div", {}, make("h3", {}, "How the score adds up"), make("table", {}, head, make("tbody", {}, ...lines, total)), ...away,
    make("p", { class: "quiet" }, `Track ${row.track?.id ?? "?"}`));
}

function line(name, fit, score, meaning = MEANINGS[name]) {
  const cell = (value, digits) => make("td", {}, value == null ? "" : value.toFixed(digits));
  return make("tr", {}, make("th", { scope: "row", title: meaning ?? "" }, name), cell(fit, 2), cell(score, 4));
}

function agreement({ explanation }) {
  const title = make("h3", {}, "How near it is to the taste");
  if (!explanation) return make("div", {}, title, make("p", { class: "quiet" }, "Nothing is stored for this row."));
  return make("div", { role: "group", "aria-label": "Agreement with the taste per feature" }, title,
    ...FEATURES.map((name) => meter(name.replace("_", " "), explanation[name])));
}

/** One row of a comparison: what the other list has, too, and where. */
export function besideRow(row, there) {
  const words = there ? `also ${there}` : "only here";
  return make("li", { class: there ? "shared" : "alone", "data-track": row.track?.id ?? "" }, make("span", { class: "rank" }, String(row.rank)),
    make("span", { class: "name" }, heading(row.track), make("span", { class: "artist" }, ` · ${row.track?.artist ?? ""}`)), make("span", { class: "tag" }, words));
}
