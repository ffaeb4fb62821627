// What stands beside a list: what was heard lately, the taste, and the state of the run.

import { make, meter, radar } from "./charts.js";
import { FEATURES, MEANINGS } from "./words.js";

const at = (id) => document.getElementById(id);
export const when = (text) => text.slice(0, 16).replace("T", " ");
const DAY = 86400000;

const facts = (pairs) => pairs.flatMap(([name, value]) => [make("dt", { title: MEANINGS[name] ?? "" }, name), make("dd", {}, String(value))]);

export function showProfile(profile) {
  at("profile").hidden = false;
  at("taste").replaceChildren(radar(FEATURES, profile.vector));
  at("facts").replaceChildren(...facts([["events", profile.interaction_count], ["confidence", profile.confidence.toFixed(2)],
    ["ready for new", profile.exploration_readiness.toFixed(2)], ["friction", profile.friction.toFixed(2)], ...(profile.cold ? [["new listener", "yes"]] : [])]));
  for (const [id, strengths] of [["genres", profile.top_genres], ["artists", profile.top_artists]]) {
    const top = Object.entries(strengths).sort(([, a], [, b]) => b - a).slice(0, 8);
    at(id).replaceChildren(...(top.length ? top.map(([name, strength]) => meter(name, strength)) : [make("p", { class: "quiet" }, "none yet")]));
  }
}

export function showHeard(heard) {
  const lines = heard.map((one) => make("li", {}, make("span", { class: "name" }, one.title ?? one.track_id),
    make("span", { class: "artist" }, ` · ${one.artist ?? ""}`), make("span", { class: "quiet date" }, ` · ${when(one.last_at).slice(0, 10)}`)));
  at("heard").replaceChildren(...(lines.length ? lines : [make("li", { class: "quiet" }, "nothing with a date")]));
}

export function showOverview(runs) {
  const now = runs.find((run) => run.published) ?? runs[0];
  at("overview").hidden = !now;
  if (!now) return;
  const covered = Object.entries(now.metrics).find(([name]) => name.endsWith("share of the catalogue in any list"))?.[1];
  const age = Math.max(0, Math.round((Date.now() - Date.parse(now.as_of)) / DAY));
  at("state").replaceChildren(...facts([["listeners", count(now.rows.profiles)], ["tracks", count(now.rows.tracks)], ["rows in lists", count(now.rows.rankings)],
    ...(covered == null ? [] : [["catalogue in any list", `${(100 * covered).toFixed(0)} %`]]), ["age of the data", age === 1 ? "1 day" : `${age} days`]]));
  if (now.report) at("state").append(make("dt", {}, "report"), make("dd", {}, make("a", { href: "v1/runs/current/report" }, "open")));
  at("runs").replaceChildren(...runs.slice(0, 8).map((run) => make("li", {}, when(run.as_of),
    make("span", { class: "tag" }, run.published ? "published" : `checks ${run.status}`))));
}

const count = (number) => (number ?? 0).toLocaleString("en");
