import { make } from "./charts.js";

const contract = await (await fetch("openapi.json")).json();
const json = (value) => make("pre", {}, JSON.stringify(value, null, 1));

const resolved = (value) => value.$ref ? value.$ref.slice(2).split("/").reduce((part, name) => part[name], contract) : value;

function parameters(named) {
  if (!named?.length) return [];
  const lines = named.map(resolved).map((one) => make("tr", {}, make("th", { scope: "row" }, one.name), make("td", {}, one.in), make("td", {}, one.description)));
  return [make("table", {}, make("tbody", {}, ...lines))];
}

function operation(path, method, described) {
  const statuses = Object.entries(described.responses).map(([status, answer]) => `${status} ${resolved(answer).description}`).join(" · ");
  const body = described.requestBody ? [make("p", {}, "Body"), json(described.requestBody.content["application/json"].schema)] : [];
  const text = described.description ? [make("p", {}, described.description)] : [];
  const content = described.responses["200"].content, shape = content["application/json"]?.schema;
  const answer = described.operationId !== "playlist" && shape ? json(shape) : make("p", {}, `A file: ${Object.keys(content).join(", ")}`);
  return make("details", {}, make("summary", {}, make("code", {}, `${method.toUpperCase()} ${path}`), ` ${described.summary}`),
    ...text, ...parameters(described.parameters), ...body, answer, make("p", { class: "quiet" }, statuses));
}

document.getElementById("about").textContent = `${contract.info.summary} ${contract.info.description}`;
document.getElementById("operations").append(...Object.entries(contract.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => operation(path, method, described))));
document.getElementById("shapes").append(...Object.entries(contract.components.schemas).map(([name, shape]) =>
  make("details", {}, make("summary", {}, make("code", {}, name)), json(shape))));
