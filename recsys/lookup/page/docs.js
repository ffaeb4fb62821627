import { make } from "./charts.js";

const contract = await (await fetch("openapi.json")).json();
const json = (value) => make("pre", {}, JSON.stringify(value, null, 1));

function parameters(found) {
  if (!found?.length) return [];
  const lines = found.map((one) => make("tr", {}, make("th", { scope: "row" }, one.name), make("td", {}, one.in), make("td", {}, one.description)));
  return [make("table", {}, make("tbody", {}, ...lines))];
}

function operation(path, method, found) {
  const statuses = Object.entries(found.responses).map(([status, answer]) => `${status} ${answer.description}`).join(" · ");
  const body = found.requestBody ? [make("p", {}, "Body"), json(found.requestBody.content["application/json"].schema)] : [];
  const text = found.description ? [make("p", {}, found.description)] : [];
  const shape = found.responses["200"].content["application/json"].schema;
  return make("details", {}, make("summary", {}, make("code", {}, `${method.toUpperCase()} ${path}`), ` ${found.summary}`),
    ...text, ...parameters(found.parameters), ...body, json(shape), make("p", { class: "quiet" }, statuses));
}

document.getElementById("about").textContent = `${contract.info.summary} ${contract.info.description}`;
document.getElementById("operations").append(...Object.entries(contract.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, found]) => operation(path, method, found))));
document.getElementById("shapes").append(...Object.entries(contract.components.schemas).map(([name, shape]) =>
  make("details", {}, make("summary", {}, make("code", {}, name)), json(shape))));
