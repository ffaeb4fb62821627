import { make } from "./charts.js";
import { besideRow, heading, points, showRow } from "./rows.js";
import { showHeard, showOverview, showProfile, when } from "./side.js";
import { MEANINGS, PARTS, VERDICTS } from "./words.js";

const SHOWN = 100, FORMATS = ["jspf", "xspf", "m3u", "csv", "json"], PLAIN = { user: "", list: "balanced", other: "", track: "", language: "" };
const at = (id) => document.getElementById(id);
const state = { ...PLAIN };
let asked = 0, rows = [];

async function get(path, parameters = {}) {
  const headers = { accept: "application/json", ...(state.language ? { "accept-language": state.language } : {}) };
  const answer = await fetch(`${path}?${new URLSearchParams(parameters)}`, { headers });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail ?? answer.statusText);
  return { ...body, language: answer.headers.get("content-language") ?? "en" };
}

const listener = () => `v1/users/${encodeURIComponent(state.user)}`;
const listed = (list) => get(`${listener()}/recommendations`, { list, limit: SHOWN });

function say(text, isError = false) {
  at("message").textContent = text;
  at("message").className = isError ? "error" : "";
}

async function show() {
  const turn = ++asked;
  try {
    const lists = await get(`${listener()}/lists`);
    if (turn !== asked) return; // a later question was answered first
    showRun(lists.run);
    showLists(lists.data.map(({ list }) => list));
    const [found, before, heard, other] = await Promise.all([listed(state.list), get(`${listener()}/previous`, { list: state.list }),
      get(`${listener()}/history`), state.other ? listed(state.other) : null]);
    if (turn !== asked) return;
    showRows(found, before.data.tracks, other);
    showProfile(found.taste_profile);
    showHeard(heard.data);
    if (state.track) await explain(state.track);
  } catch (error) {
    if (turn === asked) fail(error);
  }
}

function fail(error) {
  say(error.message, true);
  at("rows").replaceChildren();
  for (const id of ["legend", "ask", "profile", "tools", "others"]) at(id).hidden = true;
}

function showRun(run) {
  at("run").textContent = `as of ${when(run.as_of)} · published ${when(run.published_at)} · run ${run.id}`;
}

function showLists(lists) {
  at("lists").replaceChildren(...lists.map((list) => {
    const chosen = list === state.list;
    const tab = make("button", { role: "tab", type: "button", "aria-selected": chosen, tabindex: chosen ? 0 : -1, "aria-controls": "panel" }, list);
    tab.addEventListener("click", () => go({ list, track: "" }));
    return tab;
  }));
  if (!lists.includes(state.list)) at("lists").firstElementChild?.setAttribute("tabindex", "0");
  const others = lists.filter((list) => list !== state.list);
  at("other").replaceChildren(make("option", { value: "" }, "no other list"), ...others.map((list) => make("option", { value: list }, list)));
  at("other").value = others.includes(state.other) ? state.other : "";
  at("save").replaceChildren("Save as ", ...FORMATS.flatMap((format, number) => [...(number ? [" "] : []), make("a", {
    href: `${listener()}/playlist?${new URLSearchParams({ list: state.list, format })}`, download: "" }, format.toUpperCase())]));
}

function showRows(found, before, other) {
  const { data, fallback, pagination } = found;
  rows = data;
  say(fallback ? `The run does not know ${state.user}: this is the list for new listeners.`
    : `${pagination.returned} of ${pagination.total} tracks for ${state.user}`);
  const counted = (part) => data.some((row) => points(row).some(([name, value]) => name === part && value > 0));
  at("legend").replaceChildren(...[...PARTS, "promotion"].filter(counted).map((part) => make("span", { class: part, title: MEANINGS[part] }, make("span", {}, part))));
  for (const id of ["ask", "tools"]) at(id).hidden = false;
  at("legend").hidden = Boolean(other);
  at("answer").replaceChildren();
  const whole = Math.max(1, ...data.map((row) => row.score));
  const rank = new Map((before ?? []).map((id, number) => [id, number + 1]));
  const of = (row) => before ? rank.get(row.track?.id) ?? 0 : null;
  at("rows").replaceChildren(...(other ? compared(data, other.data, state.other)
    : data.map((row) => showRow(row, { whole, before: of(row), language: found.language, ask: (track) => go({ track }) }))));
  at("others").hidden = !other;
  at("beside").className = other ? "compared" : "";
  if (other) {
    at("others").replaceChildren(...compared(other.data, data, state.list));
    const shared = data.filter((row) => other.data.some((one) => one.track?.id === row.track?.id)).length;
    say(`${state.list} and ${state.other} share ${shared} of ${data.length} tracks.`);
  }
  filter();
}

function compared(data, others, name) {
  const rank = new Map(others.map((row) => [row.track?.id, row.rank]));
  return data.map((row) => besideRow(row, rank.has(row.track?.id) ? `${rank.get(row.track?.id)} in ${name}` : ""));
}

function filter() {
  const words = at("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  rows.forEach(({ track }, number) => {
    const text = `${track?.title ?? ""} ${track?.artist ?? ""} ${track?.id ?? ""}`.toLowerCase();
    if (at("rows").children[number]) at("rows").children[number].hidden = !words.every((word) => text.includes(word));
  });
}

async function explain(track) {
  try {
    const { data } = await get(`${listener()}/why/${encodeURIComponent(track)}`, { list: state.list });
    const place = data.rank ? `number ${data.rank} of the list` : VERDICTS[data.rule] ?? "not in the list";
    at("answer").replaceChildren(make("p", { tabindex: "-1" }, make("b", {}, `${heading(data.track) === "unknown track" ? track : heading(data.track)}: ${place}`),
      make("br"), data.text));
    at("answer").firstElementChild.focus();
    await showAlike(track);
  } catch (error) {
    at("answer").replaceChildren(make("p", { class: "error" }, error.message));
  }
}

/** Tracks that sound like one, each to be explained in its turn; nothing where the catalogue lacks the track or its sound. */
async function showAlike(track) {
  const { data } = await get(`v1/tracks/${encodeURIComponent(track)}/similar`, {}).catch(() => ({ data: [] }));
  if (!data.length || state.track !== track) return;
  at("answer").append(make("p", {}, "Sounds like"), make("ul", { class: "plain choices", id: "alike" }, ...data.map(choice)));
}

function choice(track) {
  const button = make("button", { type: "button" }, `${heading(track)} · ${track.artist ?? ""}`);
  button.addEventListener("click", () => go({ track: track.id }));
  return make("li", {}, button);
}

/** Tracks by title and artist, to choose from; what is an id, or the title of one track alone, is explained at once. */
async function ask(text) {
  const { data } = await get("v1/tracks", { search: text });
  if (data.length === 0 || data.some(({ id }) => id === text)) return go({ track: text });
  const same = data.filter(({ title }) => title?.toLowerCase() === text.trim().toLowerCase());
  const one = data.length === 1 ? data : same;
  if (one.length === 1) return go({ track: one[0].id });
  return at("answer").replaceChildren(make("p", {}, "Which one?"), make("ul", { class: "plain choices" }, ...data.map(choice)));
}

function go(change, replace = false) {
  Object.assign(state, change);
  const set = Object.entries(state).filter(([name, value]) => value && (name !== "language"));
  const address = `#${new URLSearchParams(set)}`;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  return read();
}

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  const same = ["user", "list", "other"].every((name) => at("rows").dataset[name] === (given.get(name) ?? PLAIN[name]));
  for (const name of ["user", "list", "other", "track"]) state[name] = given.get(name) ?? PLAIN[name];
  at("user").value = state.user;
  for (const name of ["user", "list", "other"]) at("rows").dataset[name] = state[name];
  return same && state.track ? explain(state.track) : show();
}

at("pick").addEventListener("submit", (event) => {
  event.preventDefault();
  const user = at("user").value.trim();
  if (user) go({ user, list: "balanced", other: "", track: "" });
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
  go({ list: tabs[next].textContent, track: "" }).then(() => at("lists").children[next]?.focus());
  event.preventDefault();
});

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("track").value.trim();
  if (text) ask(text).catch((error) => at("answer").replaceChildren(make("p", { class: "error" }, error.message)));
});

at("find").addEventListener("input", filter);
at("other").addEventListener("change", () => go({ other: at("other").value, track: "" }));
at("language").addEventListener("change", () => {
  state.language = at("language").value;
  show();
});
window.addEventListener("popstate", read);

at("words").lastElementChild.append(...Object.entries(MEANINGS).flatMap(([word, meaning]) => [make("dt", {}, word), make("dd", {}, meaning)]));
get("v1/runs").then(({ data }) => showOverview(data)).catch(() => { at("overview").hidden = true; });
if (location.hash) read();
else get("v1/users").then(({ data, run }) => {
  showRun(run);
  if (data.length) return go({ user: data[0] }, true);
  return say("The published run has no listeners yet.");
}).catch(fail);
