import { make, meter, radar, stacked } from "./charts.js";

const PARTS = ["content", "collaborative", "popularity", "exploration", "familiarity", "target"];
const FEATURES = ["danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness", "liveness", "valence",
  "tempo", "time_signature", "key", "mode"];
const SHOWN = 50;
const at = (id) => document.getElementById(id);
const state = { user: "", list: "balanced" };
let asked = 0;

async function get(path, parameters = {}) {
  const answer = await fetch(`${path}?${new URLSearchParams(parameters)}`, { headers: { accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail ?? answer.statusText);
  return body;
}

const listener = () => `v1/users/${encodeURIComponent(state.user)}`;

function say(text, isError = false) {
  at("message").textContent = text;
  at("message").className = isError ? "error" : "";
}

async function show() {
  const turn = ++asked;
  try {
    const [found, lists] = await Promise.all([
      get(`${listener()}/recommendations`, { list: state.list, limit: SHOWN }), get(`${listener()}/lists`)]);
    if (turn !== asked) return; // a later question was answered first
    showRun(found.run);
    showLists(lists.data);
    showRows(found);
    showProfile(found.taste_profile);
  } catch (error) {
    if (turn === asked) fail(error);
  }
}

function fail(error) {
  say(error.message, true);
  at("rows").replaceChildren();
  for (const id of ["legend", "ask", "profile"]) at(id).hidden = true;
}

function showRun(run) {
  at("run").textContent = `as of ${when(run.as_of)} · published ${when(run.published_at)} · run ${run.id}`;
}

const when = (text) => text.slice(0, 16).replace("T", " ");

function showLists(lists) {
  at("lists").replaceChildren(...lists.map(({ list }) => {
    const chosen = list === state.list;
    const tab = make("button", { role: "tab", type: "button", "aria-selected": chosen, tabindex: chosen ? 0 : -1, "aria-controls": "rows" }, list);
    tab.addEventListener("click", () => go({ list }));
    return tab;
  }));
}

function showRows({ data, fallback, pagination }) {
  say(fallback ? `The run does not know ${state.user}: this is the list for new listeners.`
    : `${pagination.returned} of ${pagination.total} tracks for ${state.user}`);
  const counted = (part) => data.some((row) => points(row).some(([name, value]) => name === part && value > 0));
  at("legend").replaceChildren(...[...PARTS, "commercial"].filter(counted).map((part) => make("span", { class: part }, part)));
  at("legend").hidden = at("ask").hidden = false;
  const whole = Math.max(1, ...data.map((row) => row.score));
  at("rows").replaceChildren(...data.map((row) => showRow(row, whole)));
  at("answer").replaceChildren();
}

function points({ score_breakdown: fits, points: own }) {
  const parts = PARTS.map((part) => [part, own[part] * fits.safety]);
  return [...parts, ["commercial", fits.commercial]];
}

function showRow(row, whole) {
  const { track } = row, name = track.title ?? track.id;
  const button = make("button", { type: "button", class: "open", "aria-expanded": "false", "aria-label": `Why ${name}` }, "Why");
  const reason = make("span", { class: "reason" }, row.reason);
  if (row.source !== "ranked") reason.append(make("span", { class: "tag" }, row.source));
  const item = make("li", { "data-track": track.id }, make("span", { class: "rank" }, String(row.rank)),
    make("span", { class: "name" }, name, make("span", { class: "artist" }, ` · ${track.artist ?? ""}`)),
    make("span", { class: "score" }, row.score.toFixed(3)), reason, stacked(points(row), whole), button);
  button.addEventListener("click", () => toggle(item, button, row));
  return item;
}

function toggle(item, button, row) {
  const open = item.querySelector(".more");
  button.setAttribute("aria-expanded", String(!open));
  if (open) open.remove();
  else item.append(make("div", { class: "more" }, sum(row), agreement(row)));
}

/** The score as a sum: the points of its parts, times safety, plus promotion. */
function sum(row) {
  const fits = row.score_breakdown;
  const lines = PARTS.map((part) => line(part, fits[part], row.points[part]));
  const total = line("= score", null, row.score);
  total.className = "sum";
  lines.push(line("× safety", fits.safety, null), line("+ commercial", null, fits.commercial), total);
  const head = make("thead", {}, make("tr", {}, ...["part", "fit", "points"].map((name) => make("th", { scope: "col" }, name))));
  return make("div", {}, make("table", {}, head, make("tbody", {}, ...lines)),
    make("p", { class: "quiet" }, `${row.track.id} · ${row.reason_code} · differs ${fits.diversity.toFixed(2)} from the nearest track picked before`));
}

function line(name, fit, score) {
  const cell = (value) => make("td", {}, value == null ? "" : value.toFixed(4));
  return make("tr", {}, make("th", { scope: "row" }, name), cell(fit), cell(score));
}

function agreement({ explanation }) {
  if (!explanation) return make("p", { class: "quiet" }, "No agreement per feature is stored for this row.");
  return make("div", { role: "group", "aria-label": "Agreement with the taste per feature" },
    ...FEATURES.map((name) => meter(name.replace("_", " "), explanation[name])));
}

function showProfile(profile) {
  at("profile").hidden = false;
  at("taste").replaceChildren(radar(FEATURES, profile.vector));
  const facts = [["events", profile.interaction_count], ["confidence", profile.confidence], ["readiness for new", profile.exploration_readiness],
    ["friction", profile.friction], ["cold", profile.cold ? "yes" : "no"]];
  at("facts").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]));
  for (const [id, strengths] of [["genres", profile.top_genres], ["artists", profile.top_artists]]) {
    const top = Object.entries(strengths).sort(([, a], [, b]) => b - a).slice(0, 8);
    at(id).replaceChildren(...(top.length ? top.map(([name, strength]) => meter(name, strength)) : [make("p", { class: "quiet" }, "none yet")]));
  }
}

function go(change, replace = false) {
  Object.assign(state, change);
  const address = `#${new URLSearchParams({ user: state.user, list: state.list })}`;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  return read();
}

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  Object.assign(state, { user: given.get("user") ?? "", list: given.get("list") ?? "balanced" });
  at("user").value = state.user;
  return show();
}

at("pick").addEventListener("submit", (event) => {
  event.preventDefault();
  const user = at("user").value.trim();
  if (user) go({ user, list: "balanced" });
});

at("user").addEventListener("input", async () => {
  const typed = at("user").value;
  try {
    const { data } = await get("v1/users", { prefix: typed });
    if (typed === at("user").value) at("users").replaceChildren(...data.map((id) => make("option", { value: id })));
  } catch { /* only a suggestion: the list itself says what is wrong */ }
});

at("lists").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const tabs = [...at("lists").children];
  if (!step || !tabs.length) return;
  const next = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
  go({ list: tabs[next].textContent }).then(() => at("lists").children[next]?.focus());
  event.preventDefault();
});

at("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const track = at("track").value.trim();
  if (!track) return;
  try {
    const { data } = await get(`${listener()}/why/${encodeURIComponent(track)}`, { list: state.list });
    const place = data.rank ? `rank ${data.rank}` : data.score_rank ? `candidate ${data.score_rank}` : "not in the list";
    at("answer").replaceChildren(make("p", {}, make("b", {}, `${data.track?.title ?? track}: ${place} (${data.rule})`), make("br"), data.text));
  } catch (error) {
    at("answer").replaceChildren(make("p", { class: "error" }, error.message));
  }
});

window.addEventListener("popstate", read);

if (location.hash) read();
else get("v1/users").then(({ data, run }) => {
  showRun(run);
  if (data.length) return go({ user: data[0] }, true);
  return say("The published run has no listeners yet.");
}).catch(fail);
